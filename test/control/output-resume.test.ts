/** Tests of going on where a pull stopped: deleted files, torn lines, kill -9 in the middle. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OutputFolder } from '../../src/control/output-folder.ts'
import { pullBatch } from '../../src/control/pull.ts'
import { contentsOf, listedIn, localStore, metadataOf, picturesOf, sourceOf, taskOf } from './output-support.ts'

let root = ''
let out = ''
let metadata = ''

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'promptmesh-resume-'))
  out = path.join(root, 'out')
  metadata = path.join(out, '00000', 'metadata.jsonl')
})

afterEach(() => rm(root, { recursive: true, force: true }))

const INDEXES = [0, 1, 2, 3, 4]
const file = (index: number): string => path.join(out, '00000', `00000000${index}.png`)
const source = () =>
  sourceOf(
    INDEXES.map((index) => taskOf(index)),
    picturesOf(...INDEXES),
  )

/** Pulls everything and checks that the folder is as a first, undisturbed pull leaves it. */
async function pullAgain(
  options: { verify?: boolean } = {},
): Promise<{ written: number; present: number; asked: number }> {
  const from = source()
  const { written, present } = await pullBatch(from, 'demo', out, options)
  const undisturbed = path.join(root, 'undisturbed')
  await pullBatch(source(), 'demo', undisturbed)
  expect(await contentsOf(out)).toEqual(await contentsOf(undisturbed))
  return { written, present, asked: from.asked }
}

describe('a second pull', () => {
  beforeEach(async () => {
    await pullBatch(source(), 'demo', out)
  })

  test('of the same asks for nothing and changes no file', async () => {
    const before = await stat(metadata)
    expect(await pullAgain()).toEqual({ written: 0, present: 5, asked: 0 })
    expect((await stat(metadata)).ino).toBe(before.ino)
  })

  test('writes again what was deleted, and only that', async () => {
    await rm(file(1))
    await rm(file(3))
    expect(await pullAgain()).toEqual({ written: 2, present: 3, asked: 2 })
  })

  test('writes again what was cut short', async () => {
    await truncate(file(2), 3)
    expect(await pullAgain()).toEqual({ written: 1, present: 4, asked: 1 })
  })

  test('believes a file of the right size that is listed, unless it is told to verify', async () => {
    await writeFile(file(2), 'pIcture 2')
    const from = source()
    expect(await pullBatch(from, 'demo', out)).toMatchObject({ written: 0, present: 5 })
    expect(await pullAgain({ verify: true })).toEqual({ written: 1, present: 4, asked: 1 })
  })

  test('lists again what is not listed, without fetching it', async () => {
    const lines = (await readFile(metadata, 'utf8')).split('\n')
    await writeFile(metadata, lines.filter((_, at) => at !== 1 && at !== 4).join('\n'))
    expect(await pullAgain()).toEqual({ written: 0, present: 5, asked: 0 })
  })

  test('hashes a file that is not listed, and leaves it alone where it is another', async () => {
    await rm(metadata)
    await writeFile(file(2), 'pIcture 2')
    expect(await pullBatch(source(), 'demo', out)).toMatchObject({ written: 1, present: 4 })
    expect(await readFile(file(2), 'utf8')).toBe('pIcture 2')
    expect((await listedIn(out))[2]).toBe('000000002~0000.png')
    await rm(file(2))
    expect(await pullBatch(source(), 'demo', out)).toMatchObject({ written: 0, present: 5 })
  })

  test('makes a metadata file that is gone, or that is all NULs as after a power cut', async () => {
    await rm(metadata)
    expect(await pullAgain()).toEqual({ written: 0, present: 5, asked: 0 })
    await writeFile(metadata, Buffer.alloc(500))
    expect(await pullAgain()).toEqual({ written: 0, present: 5, asked: 0 })
  })

  test.each([1, 20, 150, 230])('heals a last line that lacks its last %i bytes', async (bytes) => {
    await truncate(metadata, (await stat(metadata)).size - bytes)
    expect(await pullAgain()).toEqual({ written: 0, present: 5, asked: 0 })
  })

  test('heals half a line in the middle, and lines that are not rows', async () => {
    const lines = (await readFile(metadata, 'utf8')).split('\n')
    const torn = [lines[0], lines[1]?.slice(0, 60), 'null', '[]', '{"index":3}', '', ...lines.slice(2)]
    await writeFile(metadata, torn.join('\n'))
    expect(await pullAgain()).toEqual({ written: 0, present: 5, asked: 0 })
  })

  test('puts in order a folder that it has nothing to add to', async () => {
    const lines = (await readFile(metadata, 'utf8')).trimEnd().split('\n')
    await writeFile(metadata, `${[...lines].reverse().join('\n')}\n${lines[2]}\n`)
    expect(await pullAgain()).toEqual({ written: 0, present: 5, asked: 0 })
  })

  test('takes the line out of a deleted file that nobody has any more', async () => {
    await rm(file(2))
    const result = await pullBatch(
      sourceOf(
        INDEXES.map((index) => taskOf(index)),
        picturesOf(),
      ),
      'demo',
      out,
    )
    expect(result).toMatchObject({ present: 4, missingCount: 1 })
    expect(await listedIn(out)).toEqual([0, 1, 3, 4].map((index) => path.basename(file(index))))
    expect(await pullAgain()).toEqual({ written: 1, present: 4, asked: 1 })
  })
})

test('a line appended after half a one does not become part of it', async () => {
  const output = await OutputFolder.open(out)
  await output.write(taskOf(0), picturesOf(0))
  await appendFile(metadata, '{"file_name":"000000001.png","ba')
  await (await OutputFolder.open(out)).write(taskOf(2), picturesOf(2))
  const lines = (await readFile(metadata, 'utf8')).split('\n')
  expect(lines.map((line) => line.slice(0, 29))).toEqual([
    '{"file_name":"000000000.png",',
    '{"file_name":"000000001.png",',
    '{"file_name":"000000002.png",',
    '',
  ])
  await (await OutputFolder.open(out)).finish()
  const again = await OutputFolder.open(out)
  await again.write(taskOf(2), picturesOf(2))
  await again.finish()
  expect(await listedIn(out)).toEqual(['000000000.png', '000000002.png'])
})

describe('kill -9 in the middle', () => {
  const COUNT = 3_000
  const child = path.join(import.meta.dirname, 'output-child.ts')

  /** Runs a pull of its own process and kills it after it has asked for this many files. */
  async function killedAfter(files: number, store: string): Promise<void> {
    const pull = spawn(process.execPath, [child, 'pull', out, store, String(COUNT)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(pull, 'exit')
    let asked = 0
    pull.stdout.on('data', (dots: Buffer) => {
      asked += dots.length
      if (asked >= files) pull.kill('SIGKILL')
    })
    expect((await ended)[1]).toBe('SIGKILL')
  }

  test.each(['copied', 'linked'])('loses nothing and does nothing twice, with files %s', async (how) => {
    const contents = Array.from({ length: COUNT }, (_, index) => `picture ${index}`)
    const store = path.join(root, 'store')
    const read = await localStore(store, contents)
    const way = how === 'copied' ? `${store}:copy` : store
    let before = 0
    for (const files of [50, 700, 1_000]) {
      await killedAfter(files, way)
      const names = Object.keys(await contentsOf(out)).filter((name) => /\/\d{9}\.png$/.test(name))
      // Up to eight were still under way.
      expect(names.length).toBeGreaterThanOrEqual(before + files - 8)
      before = names.length
    }
    expect(before).toBeLessThan(COUNT)
    const tasks = contents.map((_, index) => taskOf(index))
    const result = await pullBatch(sourceOf(tasks, read), 'demo', out)
    expect(result).toMatchObject({ written: COUNT - before, present: before, missingCount: 0 })
    const files = await contentsOf(out)
    const pictures = Object.entries(files).filter(([name]) => !name.endsWith('metadata.jsonl'))
    expect(pictures.map(([name, content]) => `${path.basename(name)} ${content}`)).toEqual(
      contents.map((content, index) => `${String(index).padStart(9, '0')}.png ${content}`),
    )
    const rows = await Promise.all(['00000', '00001', '00002'].map((folder) => metadataOf(out, folder)))
    expect(rows.flat().map(({ index }) => index)).toEqual(contents.map((_, index) => index))
  })

  test('temporary files of dead processes are removed, those of living ones and other files stay', async () => {
    await (await OutputFolder.open(out)).write(taskOf(0), picturesOf(0))
    const dead = spawn(process.execPath, ['-e', ''])
    await once(dead, 'exit')
    const folder = path.join(out, '00000')
    const kept = `.000000001.png.${process.ppid}-1.part`
    for (const name of [
      `.000000001.png.${dead.pid}-1.part`,
      `.000000002.png.${process.pid}-99.part`,
      kept,
      '.mine.part',
    ]) {
      await writeFile(path.join(folder, name), 'half')
      await utimes(path.join(folder, name), 0, 0)
    }
    await (await OutputFolder.open(out)).write(taskOf(1), picturesOf(1))
    expect((await readdir(folder)).sort()).toEqual([
      kept,
      '.mine.part',
      '000000000.png',
      '000000001.png',
      'metadata.jsonl',
    ])
  })
})
