/** Tests of who has which file name: no task ever takes the name of an older one, and each line says whose file it is. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OutputFolder } from '../../src/control/output-folder.ts'
import { pullBatch } from '../../src/control/pull.ts'
import type { TaskView } from '../../src/node/api.ts'
import { artifactOf, contentsOf, metadataOf, picturesOf, sha256, sourceOf, streamOf, taskOf } from './output-support.ts'

let root = ''
let out = ''

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'promptmesh-stems-'))
  out = path.join(root, 'out')
})

afterEach(() => rm(root, { recursive: true, force: true }))

/** A task of index 5 whose id begins with these digits, and whose only picture is its id. */
function fifth(digits: string, changes: Partial<TaskView> = {}): TaskView {
  const id = digits.padEnd(32, '0')
  return taskOf(5, { id, label: `5~${id.slice(0, 4)}`, artifacts: [artifactOf(id)], ...changes })
}

const PLAIN = { label: '5' }
const anything = (...tasks: readonly TaskView[]) =>
  streamOf(tasks.flatMap(({ id }) => [id, `${id} png`, `${id} jpg`, `${id} 2`]))

/** Pulls these tasks and answers what the folder holds: each file with the task that its line names, checked by hash. */
async function pull(...tasks: readonly TaskView[]): Promise<{ [file: string]: string }> {
  await pullBatch(sourceOf(tasks, anything(...tasks)), 'demo', out)
  return await described()
}

async function described(): Promise<{ [file: string]: string }> {
  const { '00000/metadata.jsonl': _, ...files } = await contentsOf(out)
  const rows = await metadataOf(out)
  expect(rows.map((row) => `00000/${row['file_name']}`).sort()).toEqual(Object.keys(files).sort())
  for (const row of rows) expect(row['sha256']).toBe(sha256(files[`00000/${row['file_name']}`] ?? ''))
  return Object.fromEntries(rows.map((row) => [String(row['file_name']), String(row['id']).slice(0, 4)]))
}

describe('a task that comes later', () => {
  test('does not take the plain name from an older one, whatever their labels say', async () => {
    expect(await pull(fifth('bbbb', PLAIN))).toEqual({ '000000005.png': 'bbbb' })
    const before = await stat(path.join(out, '00000', '000000005.png'))
    expect(await pull(fifth('aaaa', PLAIN), fifth('bbbb'))).toEqual({
      '000000005.png': 'bbbb',
      '000000005~aaaa.png': 'aaaa',
    })
    expect(await pull(fifth('0001', PLAIN), fifth('aaaa'), fifth('bbbb'))).toEqual({
      '000000005.png': 'bbbb',
      '000000005~0001.png': '0001',
      '000000005~aaaa.png': 'aaaa',
    })
    expect((await stat(path.join(out, '00000', '000000005.png'))).ino).toBe(before.ino)
  })

  test('has a stem of its own where the older one has another type of file', async () => {
    await pull(fifth('bbbb', PLAIN))
    const text = fifth('aaaa', { ...PLAIN, artifacts: [], text: 'a caption', profile: 'caption' })
    expect(await pull(text, fifth('bbbb'))).toEqual({ '000000005.png': 'bbbb', '000000005~aaaa.txt': 'aaaa' })
    expect((await metadataOf(out)).map(({ profile }) => profile)).toEqual(['sketch', 'caption'])
  })

  test('in a fresh folder has the name of its label, in whatever order they come', async () => {
    const output = await OutputFolder.open(out)
    const tasks = [fifth('cccc'), fifth('bbbb'), fifth('aaaa', PLAIN)]
    await Promise.all(tasks.map((task) => output.write(task, anything(...tasks))))
    await output.finish()
    expect(await described()).toEqual({
      '000000005.png': 'aaaa',
      '000000005~bbbb.png': 'bbbb',
      '000000005~cccc.png': 'cccc',
    })
  })
})

test('tasks whose ids begin with the same four digits have different names', async () => {
  const tasks = [fifth('0001', PLAIN), ...['1', '2', '33333', '33333aaa'].map((rest) => fifth(`abcd${rest}`))]
  await pull(...tasks)
  const names = Object.keys(await contentsOf(out)).filter((name) => name.endsWith('.png'))
  expect(names.map((name) => path.basename(name, '.png')).sort()).toEqual([
    '000000005',
    '000000005~abcd',
    '000000005~abcd2000',
    '000000005~abcd3333',
    '000000005~abcd33333aaa0000',
  ])
  expect(await pullBatch(sourceOf(tasks, anything(...tasks)), 'demo', out)).toMatchObject({ written: 0, present: 5 })
})

test('a thousand tasks of one index, as one prompt seeded a thousand times over gives, have a thousand files', async () => {
  const ids = Array.from({ length: 1_000 }, (_, at) => sha256(`task ${at}`).slice(0, 32)).sort()
  expect(new Set(ids.map((id) => id.slice(0, 4))).size).toBeLessThan(1_000)
  const tasks = ids.map((id, at) => fifth(id, at === 0 ? PLAIN : {}))
  await pullBatch(sourceOf(tasks, anything(...tasks)), 'demo', out)
  const rows = await metadataOf(out)
  expect(new Set(rows.map(({ id }) => id)).size).toBe(1_000)
  const files = await contentsOf(out)
  for (const { file_name: name, id } of rows) expect(files[`00000/${name}`]).toBe(id)
  expect(Object.keys(files)).toHaveLength(1_001)
})

describe('a file that no line tells of', () => {
  /** As a crash between file and line leaves them: the files of a pull of these tasks, without a line. */
  async function orphaned(...tasks: readonly TaskView[]): Promise<void> {
    await pull(...tasks)
    await rm(path.join(out, '00000', 'metadata.jsonl'))
  }

  test('is the older task’s again when both come, and stays where it is', async () => {
    await orphaned(fifth('bbbb', PLAIN))
    expect(await pull(fifth('aaaa', PLAIN), fifth('bbbb'))).toEqual({
      '000000005.png': 'bbbb',
      '000000005~aaaa.png': 'aaaa',
    })
  })

  test('is not replaced although the older task does not come any more', async () => {
    await orphaned(fifth('bbbb', PLAIN))
    await pullBatch(sourceOf([fifth('aaaa', PLAIN)], anything(fifth('aaaa'))), 'demo', out)
    expect((await contentsOf(out))['00000/000000005.png']).toBe(fifth('bbbb').id)
    expect((await metadataOf(out)).map((row) => row['file_name'])).toEqual(['000000005~aaaa.png'])
  })

  test('of a task with several files is adopted with the others', async () => {
    const several = fifth('bbbb', { artifacts: [artifactOf('one'), artifactOf('two'), artifactOf('three')] })
    const read = streamOf(['one', 'two', 'three'])
    await mkdir(path.join(out, '00000'), { recursive: true })
    await writeFile(path.join(out, '00000', '000000005.png'), 'one')
    await writeFile(path.join(out, '00000', '000000005-2.png'), 'two')
    const result = await pullBatch(sourceOf([several], read), 'demo', out)
    expect(result).toMatchObject({ written: 1, present: 2 })
    expect(Object.keys(await described())).toEqual(['000000005.png', '000000005-2.png', '000000005-3.png'])
  })

  test('is left alone where it is the user’s, also one that differs from ours in upper case alone', async () => {
    await mkdir(path.join(out, '00000'), { recursive: true })
    await writeFile(path.join(out, '00000', '000000005.PNG'), 'mine')
    await pullBatch(sourceOf([fifth('aaaa', PLAIN)], anything(fifth('aaaa'))), 'demo', out)
    expect((await readdir(path.join(out, '00000'))).sort()).toEqual([
      '000000005.PNG',
      '000000005~aaaa.png',
      'metadata.jsonl',
    ])
  })

  test('beside a listed one, as a caption that the user wrote, changes nothing', async () => {
    await pull(fifth('aaaa', PLAIN))
    await writeFile(path.join(out, '00000', '000000005.txt'), 'my caption')
    const result = await pullBatch(sourceOf([fifth('aaaa', PLAIN)], anything(fifth('aaaa'))), 'demo', out)
    expect(result).toMatchObject({ written: 0, present: 1 })
    await rm(path.join(out, '00000', 'metadata.jsonl'))
    await pullBatch(sourceOf([fifth('aaaa', PLAIN)], anything(fifth('aaaa'))), 'demo', out)
    expect((await metadataOf(out)).map((row) => row['file_name'])).toEqual(['000000005.png'])
    expect(await readFile(path.join(out, '00000', '000000005.txt'), 'utf8')).toBe('my caption')
  })
})

describe('files that a task has no more', () => {
  const pictures = (kind: 'png' | 'jpg', mime: string, ...more: string[]) =>
    fifth('aaaa', {
      ...PLAIN,
      artifacts: [`aaaa`.padEnd(32, '0')]
        .concat(more)
        .map((id, at) => artifactOf(at === 0 ? `${id} ${kind}` : id, mime)),
    })

  test('are removed with their lines where another attempt counts now', async () => {
    const first = pictures('png', 'image/png', `${fifth('aaaa').id} 2`)
    expect(await pull(first)).toEqual({ '000000005.png': 'aaaa', '000000005-2.png': 'aaaa' })
    expect(await pull(pictures('jpg', 'image/jpeg'))).toEqual({ '000000005.jpg': 'aaaa' })
  })

  test('stay where the user has changed them, or while the new ones cannot be had', async () => {
    await pull(pictures('png', 'image/png'))
    const second = pictures('jpg', 'image/jpeg')
    await pullBatch(sourceOf([second], streamOf([])), 'demo', out)
    expect(await described()).toEqual({ '000000005.png': 'aaaa' })
    await writeFile(path.join(out, '00000', '000000005.png'), 'touched up')
    await pullBatch(sourceOf([second], anything(second)), 'demo', out)
    const files = await contentsOf(out)
    expect(Object.keys(files)).toEqual(['00000/000000005.jpg', '00000/000000005.png', '00000/metadata.jsonl'])
    expect((await metadataOf(out)).map((row) => row['file_name'])).toEqual(['000000005.jpg', '000000005.png'])
  })

  test('under two names, as earlier versions left them, are put right', async () => {
    const [older, newer] = [fifth('bbbb'), fifth('aaaa', { ...PLAIN, artifacts: [], text: 'words' })]
    await pull(fifth('bbbb', PLAIN))
    const folder = path.join(out, '00000')
    const [row] = await metadataOf(out)
    await writeFile(path.join(folder, '000000005.txt'), 'words')
    await writeFile(path.join(folder, '000000005~bbbb.png'), older.id)
    const lines = [
      row,
      { ...row, file_name: '000000005.txt', id: newer.id, sha256: sha256('words') },
      { ...row, file_name: '000000005~bbbb.png' },
    ]
    await writeFile(path.join(folder, 'metadata.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    expect(await pull(newer, older)).toEqual({ '000000005.png': 'bbbb', '000000005~aaaa.txt': 'aaaa' })
  })
})

test('the line of a file that is gone, and whose task is not of the batch any more, is dropped', async () => {
  await pull(fifth('bbbb', PLAIN))
  await pullBatch(sourceOf([taskOf(6)], picturesOf(6)), 'demo', out)
  await rm(path.join(out, '00000', '000000005.png'))
  await pullBatch(sourceOf([taskOf(6)], picturesOf(6)), 'demo', out)
  expect((await metadataOf(out)).map((row) => row['file_name'])).toEqual(['000000006.png'])
})
