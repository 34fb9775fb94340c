import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openPrompts, type PromptFormat } from '../../src/intake/open.ts'
import { promptsOf, readStream } from './helpers.ts'

describe('lines that end with a lone carriage return', () => {
  test('a return and a feed within quotes are one feed where lines end with returns, however the bytes come', async () => {
    const bytes = Buffer.from('prompt\r"a\r\r\nb"\rc\r\nd')
    for (const size of [1, 2, 3, bytes.length]) {
      const cut = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      )
      expect(promptsOf(await readStream('csv', cut))).toEqual(['a\n\nb', 'c', 'd'])
    }
  })

  test.each<[PromptFormat, string]>([
    ['txt', 'a cat\ra dog\r\ra fox'],
    ['csv', 'n,prompt\r1,a cat\r2,"a dog"\r3,a fox\r'],
    ['tsv', 'n\tprompt\r1\ta cat\r2\ta dog\r3\ta fox\r'],
    ['jsonl', '{"prompt":"a cat"}\r"a dog"\r{"prompt":"a fox"}\r'],
  ])('are lines of %s', async (format, text) => {
    expect(promptsOf(await readStream(format, text))).toEqual(['a cat', 'a dog', 'a fox'])
    expect(promptsOf(await readStream(format, gzipSync(`\ufeff${text}`)))).toEqual(['a cat', 'a dog', 'a fox'])
  })

  test('are counted as lines', async () => {
    const reading = await readStream('txt', 'a cat\rbad \0 line\r\ra dog\rbad \0 again')
    expect(promptsOf(reading)).toEqual(['a cat', 'a dog'])
    expect(reading).toMatchObject({ blank: 1, badLines: [{ line: 2 }, { line: 5 }] })
  })

  test('may be followed by others with a line feed', async () => {
    const reading = await readStream('txt', 'a cat\ra dog\r\na fox\na hen\r')
    expect(promptsOf(reading)).toEqual(['a cat', 'a dog', 'a fox', 'a hen'])
    expect(reading.blank).toBe(0)
  })

  test('are no lines where the first line end has a line feed: the return stays within its prompt', async () => {
    for (const end of ['\n', '\r\n', '\r\r\n']) {
      const reading = await readStream('txt', `a cat${end}a \r dog${end}a fox`)
      expect(promptsOf(reading)).toEqual(['a cat', 'a \r dog', 'a fox'])
    }
  })

  test('wait for no more than the byte that tells what they are', async () => {
    const asked: number[] = []
    const stdin = (async function* () {
      for (const [at, text] of ['a cat on a roof\r', 'a dog', '\r'].entries()) {
        asked.push(at)
        yield Buffer.from(text)
      }
    })()
    const source = await openPrompts('-', { stdin })
    expect(asked).toEqual([0, 1])
    const rows: string[] = []
    for await (const chunk of source.rows) rows.push(...chunk.map(({ prompt }) => prompt))
    expect(rows).toEqual(['a cat on a roof', 'a dog'])
  })
})

test('carriage returns before a line feed are not part of a prompt, however many', async () => {
  const longest = 'x'.repeat(65_536)
  const text = `a cat\r\n${longest}\r\na dog\r\r\na fox\r\r\r\n${longest}\r\r\n`
  for (const size of [7, 65_536, 1_000_000]) {
    const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
      Buffer.from(text.slice(at * size, (at + 1) * size)),
    )
    const reading = await readStream('txt', chunks)
    expect(promptsOf(reading)).toEqual(['a cat', longest, 'a dog', 'a fox'])
    expect(reading.badLines).toEqual([{ line: 5, reason: 'is longer than 65536 bytes' }])
  }
})

test.each<[PromptFormat, string]>([
  ['txt', ''],
  ['csv', 'prompt\r'],
  ['csv', 'prompt\r\r\n'],
  ['tsv', 'prompt\r\r\r'],
])('chunk boundaries never change what line ends of %s mean, after %j', async (format, header) => {
  const pieces = fc.constantFrom('a', 'b', '\r', '\r', '\n', '\r\n', '"', '\r'.repeat(15), '\r'.repeat(16))
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 30 }), fc.integer({ min: 1, max: 20 }), async (body, size) => {
      const bytes = Buffer.from(`${header}${body.join('')}\nthe last line`)
      const cut = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      )
      const outcomes = [[bytes], cut].map((chunks) => readStream(format, chunks).catch((error: Error) => error.message))
      const [whole, pieced] = await Promise.all(outcomes)
      expect(pieced).toEqual(whole)
    }),
    { numRuns: 200 },
  )
})
