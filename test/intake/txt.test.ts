import { describe, expect, test } from 'vitest'
import { openPrompts } from '../../src/intake/open.ts'
import { BAD_LINES_KEPT } from '../../src/intake/rows.ts'
import type { PromptRow as ApiRow } from '../../src/node/api.ts'
import { inputProblem, promptsOf, readStream, streamOf } from './helpers.ts'

describe('txt', () => {
  test('each line is a prompt, taken as it is', async () => {
    const reading = await readStream('txt', 'a cat\n  two spaces "quotes", $(x) 🦊\nlast without an end')
    expect(promptsOf(reading)).toEqual(['a cat', '  two spaces "quotes", $(x) 🦊', 'last without an end'])
    expect(reading).toMatchObject({ blank: 0, bad: 0 })
    expect(reading.rows[0]?.params).toEqual({})
  })

  test('a byte order mark and carriage returns at line ends are not part of a prompt', async () => {
    const reading = await readStream('txt', '\ufeffa cat\r\na dog\r\nwith \r inside\r')
    expect(promptsOf(reading)).toEqual(['a cat', 'a dog', 'with \r inside'])
  })

  test('a byte order mark that is not at the start stays', async () => {
    const chunks = ['a\n', '\ufeffb\n', '\ufeffc'].map((text) => Buffer.from(text))
    expect(promptsOf(await readStream('txt', chunks))).toEqual(['a', '\ufeffb', '\ufeffc'])
  })

  test('blank lines are counted and are no error', async () => {
    const reading = await readStream('txt', '\na cat\n \t \n\r\na dog\n\n')
    expect(promptsOf(reading)).toEqual(['a cat', 'a dog'])
    expect(reading).toMatchObject({ blank: 4, bad: 0 })
  })

  test('lines with NUL bytes or invalid UTF-8 are bad, named by their number, and stop nothing', async () => {
    const input = Buffer.concat([
      Buffer.from('a long and sound first line\nwith a \0 inside\n'),
      Buffer.from([0x63, 0xe9, 0x0a]),
      Buffer.from('schön\n'),
      Buffer.from([0xed, 0xa0, 0x80, 0x0a, 0xf0, 0x9f, 0xa6]),
    ])
    const reading = await readStream('txt', input)
    expect(promptsOf(reading)).toEqual(['a long and sound first line', 'schön'])
    expect(reading.badLines).toEqual([
      { line: 2, reason: 'contains a NUL byte' },
      { line: 3, reason: 'is not valid UTF-8' },
      { line: 5, reason: 'is not valid UTF-8' },
      { line: 6, reason: 'is not valid UTF-8' },
    ])
  })

  test('a prompt may have 65,536 bytes, with CRLF too, and not one more', async () => {
    const longest = 'é'.repeat(32_768)
    const reading = await readStream('txt', `${longest}\r\n${longest}.\na cat\n`)
    expect(promptsOf(reading)).toEqual([longest, 'a cat'])
    expect(reading.badLines).toEqual([{ line: 2, reason: 'is longer than 65536 bytes' }])
  })

  test('all bad lines are counted and the first twenty are named', async () => {
    const reading = await readStream('txt', `fine\n${'bad\0\n'.repeat(25)}fine\n`)
    expect(reading).toMatchObject({ read: 2, bad: 25 })
    expect(reading.badLines.map(({ line }) => line)).toEqual(Array.from({ length: BAD_LINES_KEPT }, (_, at) => at + 2))
  })

  test('rows come in chunks of at most 1,000 and 4 MiB', async () => {
    const many = await openPrompts('-', { stdin: streamOf([Buffer.from('a cat\n'.repeat(2_500))]) })
    const large = await openPrompts('-', { stdin: streamOf([Buffer.from(`${'x'.repeat(65_000)}\n`.repeat(130))]) })
    const chunks: (readonly ApiRow[])[] = []
    for await (const chunk of many.rows) chunks.push(chunk)
    expect(chunks.map((chunk) => chunk.length)).toEqual([1_000, 1_000, 500])
    for await (const chunk of large.rows) expect(chunk.length * 65_000).toBeLessThanOrEqual(4 * 1024 * 1024)
    expect(large.report.read).toBe(130)
  })

  test('what a stream has sent is handed on before its next bytes come', async () => {
    const asked: string[] = []
    const stdin = (async function* () {
      yield Buffer.from('a first line that is long enough\n')
      asked.push('more')
      yield Buffer.from('a second\n')
    })()
    const source = await openPrompts('-', { stdin })
    const rows = source.rows[Symbol.asyncIterator]()
    expect((await rows.next()).value).toEqual([{ prompt: 'a first line that is long enough', params: {} }])
    expect(asked).toEqual([])
    expect((await rows.next()).value).toEqual([{ prompt: 'a second', params: {} }])
    expect((await rows.next()).done).toBe(true)
  })

  test('a stream without a byte, or with blank lines only, is an error', async () => {
    expect(await inputProblem(readStream('txt', ''))).toBe('the standard input is empty; put one prompt on each line')
    expect(await inputProblem(readStream('txt', '\n \n'))).toBe('the standard input has no prompts (2 blank, 0 bad)')
    expect(await inputProblem(readStream('txt', 'some text and \0\n\n'))).toBe(
      'the standard input has no prompts (1 blank, 1 bad); line 1: contains a NUL byte',
    )
  })
})
