/** The command: what it prints, writes and ends with. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { simulate } from './simulate.ts'

const SCRIPT = join(import.meta.dirname, '../../scripts/simulate.ts')
const SMALL = ['--seeds', '2', '--nodes', '1', '--tasks', '20', '--processes', '1'] as const

let folder: string
let printed: string[]
const run = (...argv: readonly string[]) => simulate([...argv, '--out', folder], SCRIPT, (line) => printed.push(line))

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'simulate-'))
  printed = []
})
afterEach(() => rmSync(folder, { recursive: true }))

test('seeds that pass leave nothing behind', async () => {
  expect(await run(...SMALL, '--planes', 'clock')).toBe(0)
  expect(printed.at(-1)).toBe('2 of 2 seeds passed')
  expect(printed.some((line) => /^CPU [\d.]+ s a run/.test(line))).toBe(true)
  expect(existsSync(join(folder, 'failures.jsonl'))).toBe(false)
})

test('seeds that fail are written down as they come, and counted by rule', async () => {
  expect(await run(...SMALL, '--planted', 'claims-nothing', '--no-shrink')).toBe(1)
  const lines = readFileSync(join(folder, 'failures.jsonl'), 'utf8').trim().split('\n')
  const failures = lines.map((line) => JSON.parse(line))
  expect(failures.length).toBeGreaterThan(0)
  for (const failure of failures) expect(failure).toMatchObject({ nodes: 1, tasks: 20, planted: 'claims-nothing' })
  const counted = printed.slice(printed.indexOf('rules broken first:') + 1, -1).join('\n')
  expect(counted).toContain(failures[0].violation.rule)
  expect(printed.some((line) => line.includes('looking for a smaller run'))).toBe(false)
})

test('the first seed that fails is made smaller, and the replay fails again', async () => {
  expect(await run(...SMALL, '--planted', 'claims-nothing')).toBe(1)
  const path = /--replay (\S+)/.exec(printed.at(-1) ?? '')?.[1] ?? ''
  printed = []
  expect(await run('--replay', path)).toBe(1)
  expect(printed[0]).toMatch(/I6/)
})

test.each([
  [['--seeds', 'many'], 'expected a whole number'],
  [['--planes', 'moon'], 'no plane moon'],
  [['--planted', 'nothing-such'], 'no planted bug nothing-such'],
  [['--case', 'nothing-such'], 'no case nothing-such'],
])('arguments that make no sense (%j) are told, and nothing is run', async (argv, message) => {
  expect(await run(...argv)).toBe(2)
  expect(printed.join('\n')).toContain(message)
})
