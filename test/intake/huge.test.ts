import { expect, test } from 'vitest'
import { openPrompts } from '../../src/intake/open.ts'
import { readAll } from './helpers.ts'

const MIB = 1024 * 1024
const GROWTH_MAX = 64 * MIB

/** 1 GiB on one line between two sound lines; notes the most memory in use while it passes. */
async function* hugeLine(before: string, after: string, memory: { most: number }): AsyncGenerator<Buffer> {
  const block = Buffer.alloc(MIB, 'endless words ')
  yield Buffer.from(before)
  for (let sent = 0; sent < 1024; sent += 1) {
    yield block
    memory.most = Math.max(memory.most, process.memoryUsage.rss())
  }
  yield Buffer.from(after)
}

test.each([
  ['txt', 'the first line is sound\n', '\nthe last too\n', 2],
  ['jsonl', '"the first line is sound"\n{"prompt":"', '"}\n"the last too"\n', 2],
  ['csv', 'prompt,n\nthe first line is sound,1\n"', '",2\nthe last too,3\n', 3],
] as const)(
  'a line of 1 GiB of %s is skipped in constant memory',
  { timeout: 60_000 },
  async (format, before, after, line) => {
    const start = process.memoryUsage.rss()
    const memory = { most: start }
    const source = await openPrompts('-', { stdin: hugeLine(before, after, memory), format })
    const reading = await readAll(source)
    expect(reading.rows.map((row) => row.prompt)).toEqual(['the first line is sound', 'the last too'])
    expect(reading.badLines).toMatchObject([{ line, reason: expect.stringContaining('longer than') }])
    expect(source.report.bytesRead).toBeGreaterThan(1024 * MIB)
    expect(memory.most - start).toBeLessThan(GROWTH_MAX)
  },
)
