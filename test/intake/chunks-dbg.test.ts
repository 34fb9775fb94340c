import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { appendFileSync } from 'node:fs'
let cnt=0;function CNT(f:string,b:Buffer){if(++cnt%500===0)appendFileSync('/tmp/pmx/cnt',f+' '+cnt+' '+b.length+' '+Math.round(performance.now())+'\n')}
import { describe, expect, test } from 'vitest'
import { MeshError } from '../../src/core/errors.ts'
import type { PromptFormat } from '../../src/intake/open.ts'
import { promptsOf, type Reading, readStream } from './helpers.ts'

/** Bytes that readers find hard, in any order. */
const pieces = [
  'a',
  'cat',
  ',',
  '"',
  '""',
  '\n',
  '\r\n',
  '\r',
  '\t',
  ' ',
  '\0',
  '🦊',
  'é',
  '\ufeff',
  '{',
  '}',
  ':',
  '\\ud83e',
  '{"prompt":"x","seed":3}',
  '\n"b",7\n',
]
const hardBytes = fc
  .array(
    fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...pieces).map((text) => Buffer.from(text)) },
      fc.uint8Array({ maxLength: 3 }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => Buffer.concat(parts))

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks
}

/** The reading, or the message of the error where there is one. */
async function outcome(format: PromptFormat, chunks: readonly Buffer[]): Promise<Reading | string> {
  try {
    return await readStream(format, chunks)
  } catch (error) {
    if (error instanceof MeshError) return error.message
    throw error
  }
}

describe.each([
  ['txt', ''],
  ['jsonl', ''],
  ['csv', 'n,prompt,seed\n'],
  ['tsv', 'n\tprompt\tseed\n'],
] as const)('%s', (format, header) => {
  test('chunk boundaries never change what is read', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(hardBytes, sizes, async (body, chunkSizes) => {
        const bytes = Buffer.concat([Buffer.from(`${header}`), body])
CNT(format, bytes);        const whole = await outcome(format, [bytes])
        expect(await outcome(format, cut(bytes, [1]))).toEqual(whole)
        expect(await outcome(format, cut(bytes, chunkSizes))).toEqual(whole)
      }),
      { numRuns: 200000 },
    )
  })

  test('long lines are read the same in pieces', async () => {
    const line = (length: number) => `1,${'x'.repeat(length)},2`.replaceAll(',', format === 'tsv' ? '\t' : ',')
    const lengths = [65_000, 65_530, 65_531, 65_532, 65_533, 65_536, 65_537, 1_048_500, 1_048_576, 1_048_577, 3_000_000]
    const bytes = Buffer.from(`${header}${lengths.map(line).join('\r\n')}\n"end"\n`)
    const whole = await outcome(format, [bytes])
    for (const size of [997, 65_536, 300_000]) expect(await outcome(format, cut(bytes, [size]))).toEqual(whole)
    expect(whole).toHaveProperty('bad', expect.any(Number))
  })
})

describe('csv', () => {
  test('any table comes out as it went in', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', '🦊'), maxLength: 8 })
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { minLength: 1 }), async (cells) => {
        const texts = cells.map((text, at) => `${at}${text}`)
        const reading = await readStream('csv', `prompt,x\r\n${texts.map((text) => `${quoted(text)},1`).join('\r\n')}`)
        expect(promptsOf(reading)).toEqual(texts)
      }),
    )
  })

  test('sound records are parsed as csv-parse parses the whole file', async () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', ',', '"', '""', '\n', '\r\n', ' '), { maxLength: 40 })
      .map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(text, async (body) => {
        const reading = await outcome('csv', [Buffer.from(`prompt,x\n0,0\n${body}`)])
        fc.pre(typeof reading !== 'string' && !reading.badLines.some(({ reason }) => reason.includes('quote')))
        const parsed: string[][] = parse(`${body}`, {
          relax_column_count: true,
          relax_quotes: true,
          record_delimiter: ['\r\n', '\n'],
        })
        const expected = parsed.filter((cells) => cells.length === 2 && cells[0]?.trim())
        expect(promptsOf(reading as Reading).slice(1)).toEqual(expected.map((cells) => cells[0]))
      }),
      { numRuns: 20000 },
    )
  })
})
