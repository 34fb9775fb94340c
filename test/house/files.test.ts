/** House rules about files: their length, their headers, the lock file, the versions, the tests that run. */
import { describe, expect, test } from 'vitest'
import { readJson, sourceFiles } from './source-files.ts'

const LINES_MAX = 300
const EXACT_VERSION = /^(npm:(@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/
const LEFT_OUT_TEST = /\b(describe|it|suite|test)(\.\w+)*\.(only|skip|todo)\b/

/** Lines of a text, a last line break not counted as one more. */
const lineCount = (text: string) => text.replace(/\n$/, '').split('\n').length

/** Every string in a JSON value except under the key `funding`, where packages say who they are paid by. */
function stringsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, part]) => (key === 'funding' ? [] : [key, ...stringsOf(part)]))
}

describe('every file in src', () => {
  test('is short enough to be read at a sitting', () => {
    const lengths = sourceFiles('src/**/*.ts').map(({ path, text }) => ({ path, lines: lineCount(text) }))
    expect(lengths.filter(({ lines }) => lines > LINES_MAX)).toEqual([])
  })

  test('opens with a header that says what it is', () => {
    const files = sourceFiles('src/**/*.ts').filter(({ text }) => !text.startsWith('/**'))
    expect(files.map(({ path }) => path)).toEqual([])
  })
})

describe('package-lock.json', () => {
  const lock = readJson<{ packages: Record<string, { integrity?: string; inBundle?: boolean }> }>('package-lock.json')

  test('names no address that packages come from', () => {
    const strings = stringsOf(lock)
    expect(strings).toContain('integrity')
    expect(strings.filter((text) => text === 'resolved' || /https?:/.test(text))).toEqual([])
  })

  test('has the hash of every package', () => {
    const installed = Object.entries(lock.packages).filter(([path, entry]) => path !== '' && !entry.inBundle)
    expect(installed.length).toBeGreaterThan(0)
    expect(installed.filter(([, entry]) => !entry.integrity?.startsWith('sha512-'))).toEqual([])
  })
})

test('every version in package.json is exact', () => {
  type Versions = Record<string, string>
  const manifest = readJson<{ dependencies: Versions; devDependencies: Versions; overrides: Versions }>('package.json')
  const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.overrides })
  expect(versions.length).toBeGreaterThan(0)
  expect(versions.filter(([, version]) => !EXACT_VERSION.test(version))).toEqual([])
})

test('no test is left out', () => {
  const files = sourceFiles('test/**/*.test.ts').filter(({ text }) => LEFT_OUT_TEST.test(text))
  expect(files.map(({ path }) => path)).toEqual([])
})

describe('the checks above', () => {
  test.each(['^1.2.3', '~1.2.3', '1.2', 'latest', '*', '>=1.2.3', 'npm:a@^1.2.3'])(
    'refuse the version %s',
    (version) => {
      expect(version).not.toMatch(EXACT_VERSION)
    },
  )

  test.each(['1.2.3', '1.2.3-beta.1', 'npm:@libp2p/gossipsub@17.1.1'])('accept the version %s', (version) => {
    expect(version).toMatch(EXACT_VERSION)
  })

  test.each(['only', 'skip', 'todo'])('find a test with .%s', (word) => {
    expect(`test.${word}('is left out', run)`).toMatch(LEFT_OUT_TEST)
    expect(`describe.concurrent.${word}.each(rows)('is left out', run)`).toMatch(LEFT_OUT_TEST)
  })

  test('find an address and count lines', () => {
    expect(stringsOf({ a: ['x', { resolved: 'https://example.org' }], funding: 'https://b' })).toContain(
      'https://example.org',
    )
    expect(stringsOf({ funding: { url: 'https://example.org' } })).toEqual([])
    expect(lineCount('a\nb\n')).toBe(2)
    expect(lineCount('a\n\nb')).toBe(3)
  })
})
