import { appendFile, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatOf, openPrompts } from '../../src/intake/open.ts'
import { fileProblem } from '../../src/intake/source.ts'
import { inputProblem, promptsOf, readAll, readStream, streamOf } from './helpers.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promptmesh-intake-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function written(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

async function read(name: string, content: string | Buffer) {
  return readAll(await openPrompts(await written(name, content)))
}

async function problemOf(name: string, content: string | Buffer): Promise<string> {
  return (await inputProblem(read(name, content))).replace(folder, '')
}

describe('a file', () => {
  test('has the format of its extension, packed or not', async () => {
    expect(promptsOf(await read('a.txt', 'prompt\n'))).toEqual(['prompt'])
    expect(promptsOf(await read('a.csv', 'n,prompt\n1,a\n'))).toEqual(['a'])
    expect(promptsOf(await read('a.TSV', 'n\tprompt\n1\ta\n'))).toEqual(['a'])
    expect(promptsOf(await read('a.jsonl', '{"prompt":"a"}'))).toEqual(['a'])
    expect(promptsOf(await read('a.csv.gz', gzipSync('\ufeffn,prompt\n1,a\n')))).toEqual(['a'])
  })

  test.each([
    ['prompts', 'txt'],
    ['a.b/prompts', 'txt'],
    ['.prompts', 'txt'],
    ['prompts.gz', 'txt'],
    ['x.NDJSON.GZ', 'jsonl'],
    ['.hidden.tab', 'tsv'],
  ])('%s is %s', (name, format) => {
    expect(formatOf(name)).toBe(format)
  })

  test.each(['a.json', 'a.parquet', 'a.tar.gz', 'a.constructor'])(
    '%s is refused with the formats that can be read',
    async (name) => {
      const message = await problemOf(name, 'a cat\n')
      expect(message).toContain('cannot be read; convert it to one of txt, csv, tsv, jsonl, each also .gz')
    },
  )

  test('is read to its end with its bytes counted', async () => {
    const path = await written('many.txt', 'a cat on a roof\n'.repeat(100_000))
    const source = await openPrompts(path)
    expect(source.report).toMatchObject({ totalBytes: 1_600_000, bytesRead: 256 * 1024 })
    expect((await readAll(source)).read).toBe(100_000)
    expect(source.report.bytesRead).toBe(1_600_000)
  })

  test('gives the same rows each time', async () => {
    const path = await written(
      'same.csv',
      `prompt,seed\n${Array.from({ length: 20_000 }, (_, n) => `"p, ${n}",${n}`).join('\n')}`,
    )
    const [one, two] = [await readAll(await openPrompts(path)), await readAll(await openPrompts(path))]
    expect(one.rows).toHaveLength(20_000)
    expect(two).toEqual(one)
  })

  test('may be left before its end', async () => {
    const source = await openPrompts(await written('left.txt.gz', gzipSync('a cat\n'.repeat(500_000))))
    for await (const chunk of source.rows) {
      expect(chunk).toHaveLength(1_000)
      break
    }
    const rows = source.rows[Symbol.asyncIterator]()
    expect((await rows.next()).done).toBe(true)
    const unread = await openPrompts(await written('unread.txt', 'a cat\n'.repeat(500_000)))
    await unread.close()
    await unread.close()
    await expect(readAll(unread)).rejects.toThrow('cannot be read')
  })

  test('may be a link, but not a folder', async () => {
    await symlink(await written('target.txt', 'a cat\n'), join(folder, 'link.txt'))
    expect(promptsOf(await readAll(await openPrompts(join(folder, 'link.txt'))))).toEqual(['a cat'])
    await mkdir(join(folder, 'folder.txt'))
    await mkdir(join(folder, 'folder.csv.gz'))
    for (const name of ['folder.txt', 'folder.csv.gz', '.']) {
      expect(await inputProblem(openPrompts(join(folder, name)))).toContain('is a folder; give a file of prompts')
    }
  })

  test('that is not there is an error that names a similar one', async () => {
    await written('prompts-final.txt', 'a cat\n')
    const message = await inputProblem(openPrompts(join(folder, 'prompt-finals.txt')))
    expect(message).toBe(
      `${join(folder, 'prompt-finals.txt')} was not found; did you mean ${join(folder, 'prompts-final.txt')}?`,
    )
    expect(await inputProblem(openPrompts(join(folder, 'zzz.txt')))).toContain('was not found; check the path')
    expect(await inputProblem(openPrompts(join(folder, 'no', 'such', 'x.txt')))).toContain(
      'was not found; check the path',
    )
    expect(await inputProblem(openPrompts(join(folder, 'prompts-final.txt', 'x')))).toContain(
      'a part of the path is a file',
    )
    expect(await inputProblem(openPrompts(`${folder}/\0`))).toContain('cannot be read')
  })

  test('that may not be read is an error that says so', () => {
    const refused = Object.assign(new Error("EACCES: permission denied, open '/x'"), { code: 'EACCES', errno: -13 })
    const error = fileProblem('secret.txt', refused)
    expect(error).toMatchObject({
      code: 'MESH_INPUT',
      message: 'no permission to read secret.txt; allow it with chmod, or copy the file',
      cause: refused,
    })
    expect(fileProblem('a.txt', Object.assign(new Error('i/o'), { code: 'EIO' })).message).toContain(
      'the disk reports an error',
    )
  })

  test('that is empty or has blank lines only is an error', async () => {
    expect(await problemOf('empty.txt', '')).toBe('/empty.txt is empty; put one prompt on each line')
    expect(await problemOf('empty.txt.gz', gzipSync(''))).toBe(
      '/empty.txt.gz is empty once unpacked; put one prompt on each line',
    )
    expect(await problemOf('blank.txt', '\n\r\n  \n')).toBe('/blank.txt has no prompts (3 blank, 0 bad)')
    expect(await problemOf('blank.csv', '\n,,\n')).toBe('/blank.csv has no prompts (2 blank, 0 bad)')
    expect(await problemOf('bom.txt', '\ufeff')).toBe('/bom.txt has no prompts (0 blank, 0 bad)')
  })

  test('that is binary is an error that says what it looks like', async () => {
    const png = Buffer.from('89504e470d0a1a0a0000000d4948445200000200000002000802000000', 'hex')
    expect(await problemOf('a.txt', png)).toContain('looks like a binary file: a PNG picture')
    expect(await problemOf('png.txt.gz', gzipSync(png))).toContain('looks like a binary file: a PNG picture')
    expect(await problemOf('b.csv', Buffer.from('PK\x03\x04\x14\0'))).toContain(
      'looks like a binary file: a zip archive',
    )
    const noise = Buffer.from(Array.from({ length: 5_000 }, (_, at) => (at * at * 7 + at * 31) % 256))
    expect(await problemOf('c.txt', noise)).toContain('looks like a binary file; give a file of prompts')
    expect(await problemOf('d.txt', Buffer.from('\ufeffa cat\n', 'utf16le'))).toContain(
      'is text in UTF-16; save it as UTF-8',
    )
    expect(await problemOf('e.txt.gz', gzipSync(gzipSync('a cat\n')))).toContain('a file packed twice')
    expect(await inputProblem(readStream('txt', png))).toContain('a PNG picture')
  })

  test('in UTF-16 without a mark is an error that says so', async () => {
    const text = Buffer.from('Ein Fuchs läuft über die Wiese\r\nund „schläft“ dann\r\n', 'utf16le')
    const problem = 'is text in UTF-16; save it as UTF-8'
    expect(await problemOf('little.txt', text)).toContain(problem)
    expect(await problemOf('big.csv', Buffer.from(text).swap16())).toContain(problem)
    expect(await problemOf('packed.txt.gz', gzipSync(text))).toContain(problem)
    expect(await inputProblem(readStream('txt', text))).toContain(problem)
    expect(await problemOf('even.txt', Buffer.from('\0'.repeat(2_000)))).toContain('looks like a binary file')
  })

  test('that grows while it is read is an error: its last line may be half a prompt', async () => {
    const path = await written('growing.txt', 'a cat on a roof\n'.repeat(50_000))
    const source = await openPrompts(path)
    await appendFile(path, 'half a pro')
    const rows: string[] = []
    const work = (async () => {
      for await (const chunk of source.rows) rows.push(...chunk.map(({ prompt }) => prompt))
    })()
    expect(await inputProblem(work)).toBe(
      `${path} has grown while it was read; run the same command again when it is complete, it adds what is new`,
    )
    expect(rows.length).toBeGreaterThan(0)
    expect(new Set(rows)).toEqual(new Set(['a cat on a roof']))
  })

  test('that grows as fast as it is read is not read for ever', async () => {
    const path = await written('endless.txt', 'a cat on a roof\n'.repeat(50_000))
    const source = await openPrompts(path)
    const work = (async () => {
      for await (const chunk of source.rows) await appendFile(path, 'a dog in a hole\n'.repeat(chunk.length + 10))
    })()
    expect(await inputProblem(work)).toContain('has grown while it was read')
    expect(source.report.read).toBeLessThanOrEqual(50_000)
  })

  test('that is cut short while it is read is an error', async () => {
    const path = await written('shrinking.txt', 'a cat on a roof\n'.repeat(50_000))
    const source = await openPrompts(path)
    await truncate(path, 1_000)
    expect(await inputProblem(readAll(source))).toContain('has shrunk while it was read')
  })

  test('that the kernel makes up, with a size of 0, is read', async (context) => {
    if (process.platform !== 'linux') context.skip('NOT TESTED: only Linux has such files')
    const source = await openPrompts('/proc/self/limits', { format: 'txt' })
    expect(source.report.totalBytes).toBe(0)
    expect((await readAll(source)).read).toBeGreaterThan(5)
  })

  test('with one prompt a thousand times over gives a thousand rows', async () => {
    expect((await read('same.txt', 'a cat\n'.repeat(1_000))).rows).toEqual(
      Array.from({ length: 1_000 }, () => ({ prompt: 'a cat', params: {} })),
    )
  })

  test('of text with a slip in it is text', async () => {
    expect(promptsOf(await read('slip.txt', 'one line\nanother \0 line\nthe third line\n'))).toEqual([
      'one line',
      'the third line',
    ])
  })
})

describe('gzip', () => {
  const lines = Array.from(
    { length: 60_000 },
    (_, n) => `a picture of ${(n * 2_654_435_761) % 4_294_967_296} things\n`,
  ).join('')

  test('is known by its first bytes, also on a stream, whatever the chunks', async () => {
    const packed = gzipSync('a cat\na dog\n')
    const single = Array.from(packed, (byte) => Buffer.from([byte]))
    expect(promptsOf(await readStream('txt', packed))).toEqual(['a cat', 'a dog'])
    expect(promptsOf(await readStream('txt', single))).toEqual(['a cat', 'a dog'])
    expect(promptsOf(await read('packed.txt', packed))).toEqual(['a cat', 'a dog'])
  })

  test('may have several members', async () => {
    const members = Buffer.concat([gzipSync('a cat\na d'), gzipSync('og\n')])
    expect(promptsOf(await read('members.txt.gz', members))).toEqual(['a cat', 'a dog'])
    const many = Array.from({ length: 300 }, (_, at) => gzipSync(at % 3 === 0 ? '' : `prompt ${at}\n`))
    for (const chunks of [
      [Buffer.concat(many)],
      many,
      Array.from(Buffer.concat(many), (byte) => Buffer.from([byte])),
    ]) {
      expect(await readStream('txt', chunks)).toMatchObject({ read: 200 })
    }
  })

  test('may be followed by zeros, as tapes and some tools leave them', async () => {
    const padded = Buffer.concat([gzipSync('a cat\na dog\n'), Buffer.alloc(10_000)])
    expect(promptsOf(await read('padded.txt.gz', padded))).toEqual(['a cat', 'a dog'])
  })

  test('followed by other bytes is an error that says so, behind what was read before', async () => {
    const behind = Buffer.from('what is this?')
    expect(await problemOf('behind.txt.gz', Buffer.concat([gzipSync('a cat\n'), behind]))).toBe(
      '/behind.txt.gz has bytes behind its packed text that are not gzip; pack it again, or unpack it with gunzip',
    )
    expect(await problemOf('behind-many.txt.gz', Buffer.concat([gzipSync(lines), behind]))).toMatch(
      /has bytes behind its packed text after line \d{5} that are not gzip/,
    )
  })

  test('whose last member ends early is an error', async () => {
    const cut = gzipSync('a fox\n').subarray(0, -5)
    expect(await problemOf('last.txt.gz', Buffer.concat([gzipSync('a cat\n'), cut]))).toMatch(/is damaged.*end of file/)
    const header = gzipSync('a fox\n').subarray(0, 4)
    expect(await problemOf('header.txt.gz', Buffer.concat([gzipSync('a cat\n'), header]))).toMatch(
      /is damaged.*end of file/,
    )
  })

  test('in name only is an error', async () => {
    expect(await problemOf('plain.txt.gz', 'a cat\n')).toContain('is named .gz but is not gzip')
  })

  test('that is cut short is an error that names the place; the rows before it were handed out', async () => {
    const source = await openPrompts(await written('short.txt.gz', gzipSync(lines).subarray(0, -50_000)))
    const rows: string[] = []
    const work = (async () => {
      for await (const chunk of source.rows) rows.push(...chunk.map((row) => row.prompt))
    })()
    const message = await inputProblem(work)
    const line = Number(/is damaged after line (\d+): it cannot be unpacked \(unexpected end/.exec(message)?.[1])
    expect(rows.length).toBeGreaterThan(0)
    expect(line).toBeGreaterThanOrEqual(rows.length)
    expect(rows).toEqual(lines.split('\n').slice(0, rows.length))
  })

  test('with other bytes in its middle is an error', async () => {
    const packed = gzipSync(lines)
    const changed = Buffer.from(packed).fill(0xff, packed.length - 50_000, packed.length - 49_000)
    expect(await problemOf('changed.txt.gz', changed)).toMatch(/is damaged after line \d+: it cannot be unpacked/)
  })

  test('that is damaged at once is an error before any row', async () => {
    const packed = gzipSync('a cat\n')
    expect(await problemOf('cut.txt.gz', packed.subarray(0, 12))).toContain('cut.txt.gz is damaged: it cannot be')
    expect(await inputProblem(openPrompts('-', { stdin: streamOf([packed.subarray(0, -4)]) }))).toContain('is damaged')
  })
})

describe('a stream', () => {
  test('that fails is an error', async () => {
    const stdin = (async function* () {
      yield Buffer.from('a cat on a roof\n')
      throw new Error('the pipe broke')
    })()
    const source = await openPrompts('-', { stdin })
    expect(await inputProblem(readAll(source))).toBe('the standard input cannot be read: the pipe broke')
  })

  test('that was not given is a mistake of the programmer', async () => {
    await expect(openPrompts('-')).rejects.toThrow(TypeError)
  })
})
