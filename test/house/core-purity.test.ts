/** The core never waits, never looks at the clock and never rolls a die it was not handed. */
import { describe, expect, test } from 'vitest'
import { impurities } from './impurities.ts'
import { sourceFiles } from './source-files.ts'

test('src/core and src/codec have no clock, waiting, chance, I/O or locale', () => {
  const files = [...sourceFiles('src/core/**/*.ts'), ...sourceFiles('src/codec/**/*.ts')]
  const found = files.flatMap(({ path, text }) => impurities(text).map((impurity) => `${path}: ${impurity}`))
  expect(found).toEqual([])
})

describe('the check of purity', () => {
  test.each([
    ['const now = Date.now()', 'Date'],
    ['let born: Date | undefined', 'Date'],
    ['setTimeout(f, 1)', 'setTimeout'],
    ['queueMicrotask(f)', 'queueMicrotask'],
    ['performance.now()', 'performance'],
    ['const home = process.env', 'process'],
    ['globalThis.fetch(url)', 'globalThis'],
    ['new Intl.Collator()', 'Intl'],
    ['names.sort((a, b) => a.localeCompare(b))', '.localeCompare'],
    ['const die = Math.random()', '.random'],
    ['const when = { Date }', 'Date'],
    ['const when = { born: Date }', 'Date'],
    ['class Step { at = Date }', 'Date'],
    ['export async function f() {}', 'async'],
    ['const f = async () => 1', 'async'],
    ['await f()', 'await'],
    ['for await (const x of xs) f(x)', 'await'],
    ['const p = new Promise(f)', 'Promise'],
    [`import { readFileSync } from 'node:fs'`, 'node:fs'],
    [`export * from 'node:fs'`, 'node:fs'],
    [`const fs = import('node:fs')`, 'node:fs'],
  ])('finds what is impure in `%s`', (code, what) => {
    expect(impurities(`/** A header. */\n${code}\n`)).toEqual([`${what} at line 2`])
  })

  test.each([
    '// Date.now() is not known here: await nothing',
    `const note = 'await the Date, process it with Math.random()'`,
    'const event = { process: 1, performance: 2 }',
    'interface Step { readonly crypto: string; fetch(): number }',
    'step.process(1)',
    'const random = (seed: number) => seed + 1',
    'class Step { process = 1 }',
  ])('accepts `%s`', (code) => {
    expect(impurities(code)).toEqual([])
  })
})
