/** The documents of this repository do not name files that are not there. */
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readJson, sourceFiles } from './source-files.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const LINK = /\]\((?!\w+:|#)([^)#\s]+)(?:#[^)]*)?\)/g
const PATH = /(?<![\w./-])(?:src|test|scripts|bin|docs|examples)\/[\w./-]*\w/g
const SCRIPT = /npm run ([\w:-]+)/g

/** What a pattern's last group, or the whole of it, finds in a text. */
const found = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] ?? match[0])

describe('README and docs', () => {
  const documents = [...sourceFiles('*.md'), ...sourceFiles('docs/**/*.md')]

  test('name only files that exist', () => {
    const missing = documents.flatMap(({ path, text }) =>
      found(text, PATH)
        .filter((name) => !existsSync(join(ROOT, name)))
        .map((name) => `${path}: ${name}`),
    )
    expect(missing).toEqual([])
  })

  test('link only to files that exist', () => {
    const missing = documents.flatMap(({ path, text }) =>
      found(text, LINK)
        .filter((target) => !existsSync(join(ROOT, dirname(path), target)))
        .map((target) => `${path}: ${target}`),
    )
    expect(missing).toEqual([])
  })

  test('name only npm scripts that exist', () => {
    const { scripts } = readJson<{ scripts: Record<string, string> }>('package.json')
    const missing = documents.flatMap(({ path, text }) =>
      found(text, SCRIPT)
        .filter((name) => scripts[name] === undefined)
        .map((name) => `${path}: ${name}`),
    )
    expect(missing).toEqual([])
  })

  test('find what they look for', () => {
    expect(found('see `src/core/task.ts`, and [why](decisions/0001-x.md#top)', PATH)).toEqual(['src/core/task.ts'])
    expect(found('see [why](decisions/0001-x.md#top), [that](https://example.org) and [here](#top)', LINK)).toEqual([
      'decisions/0001-x.md',
    ])
    expect(found('`npm run check:lint`', SCRIPT)).toEqual(['check:lint'])
  })
})

test('decisions are numbered without gaps, in their names and titles', () => {
  const decisions = sourceFiles('docs/decisions/*.md')
  const numbers = decisions.map((_, index) => index + 1)
  expect(decisions.map(({ path }) => Number(path.slice('docs/decisions/'.length).slice(0, 4)))).toEqual(numbers)
  expect(decisions.map(({ text }) => Number(/^# (\d+)\. \S/.exec(text)?.[1]))).toEqual(numbers)
})
