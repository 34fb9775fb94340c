/** README says what the code says: its tables are compared with the tables of the code. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { CONFIG_KEYS } from '../../src/cli/config/schema.ts'
import { main } from '../../src/cli/main.ts'
import { ERROR_CODES } from '../../src/core/errors.ts'

const README = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8')

/** The rows of the table behind a heading, each a list of cells. */
function tableAfter(heading: string): string[][] {
  const text = README.slice(README.indexOf(`## ${heading}\n`))
  const lines = text.slice(0, text.indexOf('\n## ', 4)).split('\n')
  const rows = lines.filter((line) => line.startsWith('|')).slice(2)
  return rows.map((line) =>
    line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.trim()),
  )
}

const code = (text: string | undefined) => (text === undefined ? '' : `\`${text}\``)

test('the table of errors has every code and its meaning', () => {
  expect(tableAfter('Errors')).toEqual(Object.entries(ERROR_CODES).map(([name, meaning]) => [code(name), meaning]))
})

test('the table of settings has every key, with flag, environment, default and meaning', () => {
  const rows = Object.entries(CONFIG_KEYS).map(([key, { flag, env, default: value, meaning }]) => [
    code(key),
    code(flag),
    code(env),
    value,
    meaning,
  ])
  expect(tableAfter('Config').map((row) => row.join(' '))).toEqual(rows.map((row) => row.join(' ')))
})

test('the table of commands has every command that the help knows, and no other', async () => {
  const lines: string[] = []
  const { log } = console
  const { write } = process.stdout
  process.stdout.write = (text: string | Uint8Array) => {
    lines.push(String(text))
    return true
  }
  console.log = (text: string) => void lines.push(text)
  try {
    await main(['--help'])
  } finally {
    process.stdout.write = write
    console.log = log
  }
  const known = [...lines.join('').matchAll(/^ {2}([a-z]+)(?: |$)/gm)]
    .map((match) => match[1])
    .filter((name) => name !== 'promptmesh' && name !== 'help')
  const told = tableAfter('Commands').flatMap(([cell = '']) =>
    [...cell.matchAll(/`([a-z]+)/g)].map((match) => match[1]),
  )
  expect(new Set(told)).toEqual(new Set(known))
})
