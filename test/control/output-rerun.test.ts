/** Tests of giving a changed file, another parameter or another profile into the same folder again, with a real node and real files. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readPngText } from '../../src/adapters/executors/png-text.ts'
import { pullBatch } from '../../src/control/pull.ts'
import { createNode } from '../../src/create-node.ts'
import type { MeshNode, PromptRow, SeedAnswer } from '../../src/node/api.ts'
import { contentsOf, metadataOf, sha256 } from './output-support.ts'

const PROFILES = {
  sketch: { executor: 'sketch', places: 2 },
  shout: { executor: 'command', command: ['tr', 'a-z', 'A-Z'], places: 2 },
  stuck: { executor: 'command', command: ['sleep', '600'], places: 1 },
}

let root = ''
let out = ''
let node: MeshNode

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'promptmesh-rerun-'))
  out = path.join(root, 'images')
  node = await createNode({ data: path.join(root, 'data'), name: 'tester', profiles: PROFILES })
})

afterEach(async () => {
  await node.stop({ graceMs: 0 })
  await rm(root, { recursive: true, force: true })
})

async function seed(rows: readonly PromptRow[], profile: string): Promise<SeedAnswer> {
  return await node.seed(
    { batch: 'prompts', profile },
    (async function* () {
      yield rows
    })(),
  )
}

/** As `run` does: adds the rows, waits until all of the batch has ended, and pulls it. */
async function run(rows: readonly PromptRow[], profile = 'sketch'): Promise<{ written: number; present: number }> {
  await seed(rows, profile)
  await new Promise<void>((resolve) => {
    const check = (): void => {
      const { waiting, scheduled, running } = node.batch('prompts')
      if (waiting + scheduled + running > 0) return
      release()
      resolve()
    }
    const release = node.onTaskEnded(check)
    check()
  })
  const source = {
    tasks: (name: string, query: object) => node.tasks(name, query),
    artifact: (hash: string) => node.artifactPath(hash),
  }
  return await pullBatch(source, 'prompts', out)
}

const rowsOf = (...prompts: readonly string[]): PromptRow[] => prompts.map((prompt) => ({ prompt, params: {} }))

interface Row {
  readonly file_name: string
  readonly prompt: string
  readonly profile: string
  readonly seed: number
  readonly sha256: string
}

/** The lines of the metadata, which must tell of exactly the files that are there, with their hash and, in a PNG, their prompt. */
async function described(): Promise<Row[]> {
  const rows = (await metadataOf(out)) as unknown as Row[]
  const names = Object.keys(await contentsOf(out)).filter((name) => !name.endsWith('metadata.jsonl'))
  expect(rows.map((row) => `00000/${row.file_name}`).sort()).toEqual(names.sort())
  for (const row of rows) {
    const bytes = await readFile(path.join(out, '00000', row.file_name))
    expect(sha256(bytes)).toBe(row.sha256)
    if (!row.file_name.endsWith('.png')) expect(bytes.toString()).toBe(row.prompt.toUpperCase())
    else {
      const { prompt, seed } = row
      expect(JSON.parse(readPngText(bytes, 'promptmesh') ?? '')).toMatchObject({ prompt, seed })
    }
  }
  return rows
}

async function inodes(): Promise<{ [name: string]: number }> {
  const names = Object.keys(await contentsOf(out)).filter((name) => !name.endsWith('metadata.jsonl'))
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await stat(path.join(out, name))).ino])),
  )
}

test('a line inserted at the top adds a file of its own, whatever ids come out, and no older file is touched', async () => {
  const older = ['a cat', 'a dog', 'a fox']
  await run(rowsOf(...older))
  const before = await inodes()
  // Which of two tasks has the lower id is chance: with eight lines both cases come up.
  const added: string[] = []
  for (const animal of ['owl', 'hare', 'deer', 'crow', 'lynx', 'toad', 'wren', 'boar']) {
    added.unshift(`a ${animal}`)
    expect(await run(rowsOf(...added, ...older))).toMatchObject({ written: 1 })
    expect(await inodes()).toMatchObject(before)
    Object.assign(before, await inodes())
  }
  const rows = await described()
  expect(rows.map(({ prompt }) => prompt).sort()).toEqual([...added, ...older].sort())
  const plain = rows.filter(({ file_name: name }) => !name.includes('~'))
  expect(plain.map(({ prompt }) => prompt)).toEqual(older)
})

test('another profile leaves the files of the first as they are, and each line says which profile made its file', async () => {
  const prompts = ['a cat', 'a dog', 'a fox', 'a hen', 'a hare', 'a crow']
  await run(rowsOf(...prompts))
  const before = await inodes()
  await run(rowsOf(...prompts), 'shout')
  expect(await inodes()).toMatchObject(before)
  const rows = await described()
  expect(rows.filter(({ profile }) => profile === 'sketch').map(({ prompt }) => prompt)).toEqual(prompts)
  expect(rows.filter(({ profile }) => profile === 'shout').map(({ prompt }) => prompt)).toEqual(prompts)
  expect(rows.filter(({ file_name: name }) => /^\d+\.png$/.test(name))).toHaveLength(prompts.length)
  expect(await run(rowsOf(...prompts))).toMatchObject({ written: 0, present: 2 * prompts.length })
})

test('other parameters of the same prompts leave the files of the first as they are', async () => {
  const withSeed = (seedOf: (at: number) => number) =>
    ['a cat', 'a dog', 'a fox', 'a hen'].map((prompt, at) => ({ prompt, params: { seed: seedOf(at) } }))
  await run(withSeed((at) => at))
  const before = await inodes()
  await run(withSeed((at) => at + 100))
  expect(await inodes()).toMatchObject(before)
  expect((await described()).map(({ seed: value }) => value).sort((a, b) => a - b)).toEqual([
    0, 1, 2, 3, 100, 101, 102, 103,
  ])
})

test('one prompt a thousand times over is a thousand tasks, each with an index of its own', async () => {
  const rows = rowsOf(...Array.from({ length: 1_000 }, () => 'a cat'))
  expect(await seed(rows, 'stuck')).toMatchObject({ new: 1_000, existing: 0 })
  expect(await seed([...rows, ...rowsOf('a cat')], 'stuck')).toMatchObject({ new: 1, existing: 1_000 })
  const { tasks } = await node.tasks('prompts', { limit: 2_000 })
  expect(tasks.map(({ label }) => label)).toEqual(Array.from({ length: 1_001 }, (_, at) => String(at)))
})
