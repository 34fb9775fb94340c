/** Tests of pulling a batch: what is counted, what is missing, progress, stopping, memory. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type PullProgress, pullBatch } from '../../src/control/pull.ts'
import type { TaskState } from '../../src/node/api.ts'
import { artifactOf, contentsOf, metadataOf, picturesOf, sha256, sourceOf, streamOf, taskOf } from './output-support.ts'

let root = ''
let out = ''

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'promptmesh-pull-'))
  out = path.join(root, 'out')
})

afterEach(() => rm(root, { recursive: true, force: true }))

const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at)

test('completed tasks are written, and the others are counted', async () => {
  const states: TaskState[] = ['COMPLETED', 'FAILED', 'CANCELLED', 'WAITING', 'RUNNING', 'SCHEDULED', 'COMPLETED']
  const tasks = states.map((state, index) => taskOf(index, { state }))
  const result = await pullBatch(sourceOf(tasks, picturesOf(...range(7))), 'demo', out)
  expect(result).toEqual({
    tasks: 7,
    written: 2,
    present: 0,
    missing: [],
    missingCount: 0,
    failed: 1,
    notDone: 3,
    cancelled: 1,
  })
  expect((await metadataOf(out)).map(({ index }) => index)).toEqual([0, 6])
})

test('a batch without tasks gives an empty folder', async () => {
  expect(await pullBatch(sourceOf([], streamOf([])), 'demo', out)).toMatchObject({ tasks: 0, written: 0 })
  expect(await contentsOf(out)).toEqual({})
})

test('artifacts that nobody has, or that come damaged, are listed in order and the rest is pulled', async () => {
  const tasks = range(500).map((index) => taskOf(index))
  const lost = new Set([7, 250, 499])
  const good = picturesOf(...range(500).filter((index) => !lost.has(index)))
  const result = await pullBatch(
    sourceOf(tasks, async (hash) =>
      hash === sha256('picture 8') ? streamOf(['picture 9'])(sha256('picture 9')) : good(hash),
    ),
    'demo',
    out,
  )
  expect(result).toMatchObject({ written: 496, missingCount: 4 })
  expect(result.missing).toEqual([
    { index: 7, sha256: sha256('picture 7'), why: 'absent' },
    { index: 8, sha256: sha256('picture 8'), why: 'damaged' },
    { index: 250, sha256: sha256('picture 250'), why: 'absent' },
    { index: 499, sha256: sha256('picture 499'), why: 'absent' },
  ])
})

test('of very many missing the first are listed and all are counted', async () => {
  const artifacts = range(64).map((number) => artifactOf(`part ${number}`))
  const tasks = range(160).map((index) => taskOf(index, { artifacts }))
  const result = await pullBatch(sourceOf(tasks, streamOf([])), 'demo', out)
  expect(result.missingCount).toBe(10_240)
  expect(result.missing).toHaveLength(10_000)
})

test('progress is told after each page and adds up at the end', async () => {
  const told: PullProgress[] = []
  const tasks = range(450).map((index) => taskOf(index))
  await pullBatch(sourceOf(tasks, picturesOf(...range(450))), 'demo', out, {
    onProgress: (counts) => told.push(counts),
  })
  expect(told.map((counts) => [counts.tasks, counts.written])).toEqual([
    [200, 200],
    [400, 400],
    [450, 450],
  ])
})

test('stopped by its signal it leaves the folder in order, and goes on from there', async () => {
  const stop = new AbortController()
  const tasks = range(1_500).map((index) => taskOf(index))
  const pictures = picturesOf(...range(1_500))
  const source = sourceOf(tasks, async (hash) => {
    if (hash === sha256('picture 1100')) stop.abort(new Error('Ctrl-C'))
    return pictures(hash)
  })
  await expect(pullBatch(source, 'demo', out, { signal: stop.signal })).rejects.toThrow('Ctrl-C')
  const listed = (await metadataOf(out, '00001')).map(({ index }) => index)
  expect(listed.length).toBeGreaterThanOrEqual(100)
  expect(listed.length).toBeLessThan(120)
  expect(listed).toEqual([...listed].sort((a, b) => Number(a) - Number(b)))
  const result = await pullBatch(sourceOf(tasks, pictures), 'demo', out)
  expect(result).toMatchObject({ present: 1_000 + listed.length, written: 500 - listed.length })
})

test('an error of the source ends the pull with that error, and a later pull goes on', async () => {
  const tasks = range(30).map((index) => taskOf(index))
  const pictures = picturesOf(...range(30))
  const failing = sourceOf(tasks, async (hash) => {
    if (hash === sha256('picture 20')) throw new Error('the node went away')
    return pictures(hash)
  })
  await expect(pullBatch(failing, 'demo', out)).rejects.toThrow('the node went away')
  const result = await pullBatch(sourceOf(tasks, pictures), 'demo', out)
  expect(result.present).toBeGreaterThanOrEqual(13)
  expect(result.written + result.present).toBe(30)
})

test('20,000 tasks with prompts of 4 KiB are pulled in a heap of 40 MB', { timeout: 120_000 }, async () => {
  const picture = path.join(root, 'picture')
  await writeFile(picture, 'the same picture')
  const child = path.join(import.meta.dirname, 'output-child.ts')
  // Room that V8 keeps for young objects counts as heap: left to grow past the limit it makes V8 collect without end.
  const heap = ['--max-old-space-size=40', '--max-semi-space-size=8']
  const args = [...heap, child, 'walk', out, picture, '20000', '4096']
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const { written, most } = JSON.parse(stdout) as { written: number; most: number }
  expect(written).toBe(20_000)
  // The prompts alone are 82 MB: held, they would end the process. Buffers are not in the heap, hence the second limit.
  expect(most).toBeLessThan(256 * 1024 * 1024)
  expect(await metadataOf(out, '00019')).toHaveLength(1_000)
})
