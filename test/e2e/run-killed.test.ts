/** `run` on real prompts, killed on the way and given again: nothing lost, nothing twice but what was running. */

import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { appendFile, readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readPngText } from '../../src/adapters/executors/png-text.ts'
import { Workplace } from '../cli/cli-support.ts'

const PARTI = resolve(import.meta.dirname, '../../../shared/data/PartiPrompts.tsv')
const EXAMPLES = resolve(import.meta.dirname, '../../examples/prompts.txt')

/** Pictures drawn at a time: as many may be under way at a kill. */
const PLACES = 3

let place: Workplace
beforeEach(async () => {
  place = await Workplace.make()
})
afterEach(() => place.remove())

interface MetadataLine {
  readonly file_name: string
  readonly index: number
  readonly prompt: string
  readonly sha256: string
}

async function foldersIn(out: string): Promise<string[]> {
  return existsSync(out) ? (await readdir(out)).filter((name) => /^\d{5}$/.test(name)) : []
}

async function picturesIn(out: string): Promise<string[]> {
  const folders = (await foldersIn(out)).map(async (folder) => {
    const names = await readdir(join(out, folder))
    return names.filter((name) => /^\d{9}\.png$/.test(name)).map((name) => join(folder, name))
  })
  return (await Promise.all(folders)).flat()
}

async function metadataIn(out: string): Promise<(MetadataLine & { readonly folder: string })[]> {
  const lines: (MetadataLine & { readonly folder: string })[] = []
  for (const folder of await foldersIn(out)) {
    const text = await readFile(join(out, folder, 'metadata.jsonl'), 'utf8')
    for (const line of text.trimEnd().split('\n')) lines.push({ ...(JSON.parse(line) as MetadataLine), folder })
  }
  return lines
}

/** Starts the command and kills it once that many pictures are there. */
async function runAndKill(args: readonly string[], out: string, pictures: number): Promise<void> {
  const running = place.start(args)
  let early: string | undefined
  void running.ended.then(({ code, stderr }) => {
    early = `it ended with ${code} before it was killed: ${stderr}`
  })
  while (early === undefined && (await picturesIn(out)).length < pictures)
    await new Promise((next) => setTimeout(next, 20))
  if (early !== undefined) throw new Error(early)
  running.child.kill('SIGKILL')
  await running.ended
}

describe('the prompts of PartiPrompts', () => {
  test('give 1,632 different pictures with metadata by one command, also when it is killed three times on the way', {
    timeout: 300_000,
  }, async () => {
    const isHere = existsSync(PARTI)
    if (!isHere) console.warn('NOT TESTED on PartiPrompts.tsv: ../shared is not here; 40 example prompts stand in')
    const [file, count] = isHere ? [PARTI, 1_632] : [EXAMPLES, 40]
    const out = place.path('images')
    const args = ['run', file, '--name', 'parti', '--out', out, '--places', String(PLACES)]
    for (const share of [0.1, 0.4, 0.7]) await runAndKill(args, out, Math.floor(count * share))
    const last = await place.run(args)
    expect(last).toMatchObject({ code: 0 })

    const pictures = await picturesIn(out)
    expect(pictures).toHaveLength(count)
    const hashes = await Promise.all(pictures.map(async (name) => hash('sha256', await readFile(join(out, name)))))
    expect(new Set(hashes).size).toBe(count)
    const lines = await metadataIn(out)
    expect(new Set(lines.map(({ index }) => index)).size).toBe(count)
    for (const { folder, file_name, index, prompt, sha256 } of lines) {
      const bytes = await readFile(join(out, folder, file_name))
      expect(hash('sha256', bytes)).toBe(sha256)
      expect(JSON.parse(readPngText(bytes, 'promptmesh') ?? '')).toMatchObject({ batch: 'parti', index, prompt })
    }
    await checkCounts(out, count, 3 * PLACES)
  })
})

/** What the node of a finished run says of itself. */
async function checkCounts(out: string, count: number, extraMax: number): Promise<void> {
  const data = join(out, '.promptmesh')
  const node = place.start(['up', '--data', data])
  await node.said(/^ready$/)
  const { stdout } = await place.run(['status', '--data', data, '-o', 'json'])
  const [batch] = (
    JSON.parse(stdout) as { batches: { total: number; completed: number; failed: number; extraExecutions: number }[] }
  ).batches
  expect(batch).toMatchObject({ total: count, completed: count, failed: 0 })
  expect(batch?.extraExecutions).toBeLessThanOrEqual(extraMax)
  await place.run(['stop', '--data', data])
  await node.ended
}

describe('a history written outside', () => {
  test('shows that nothing was executed twice but what was running when the node was killed', {
    timeout: 120_000,
  }, async () => {
    const count = 300
    const kills = 3
    const places = 4
    const history = place.path('history')
    await appendFile(history, '')
    const script = `echo "start $PROMPTMESH_INDEX" >> "$HISTORY"; sleep 0.02; cat; echo "end $PROMPTMESH_INDEX" >> "$HISTORY"`
    const profile = { executor: 'command', command: ['sh', '-c', script], places, env: { HISTORY: history } }
    await place.write('promptmesh.json', JSON.stringify({ profiles: { draw: profile } }))
    await place.write('prompts.txt', Array.from({ length: count }, (_, at) => `prompt ${at}`).join('\n'))
    const args = ['run', 'prompts.txt', '--out', 'texts']
    for (let kill = 1; kill <= kills; kill++) {
      const running = place.start(args)
      const goal = (count * kill) / (kills + 1)
      while ((await readFile(history, 'utf8')).split('\n').length / 2 < goal)
        await new Promise((next) => setImmediate(next))
      running.child.kill('SIGKILL')
      await running.ended
    }
    expect(await place.run(args)).toMatchObject({ code: 0 })

    const lines = (await readFile(history, 'utf8')).trimEnd().split('\n')
    const starts = lines.filter((line) => line.startsWith('start'))
    expect(new Set(starts).size, 'every prompt ran').toBe(count)
    expect(starts.length, 'only what was running ran again').toBeLessThanOrEqual(count + kills * places)
    const texts = (await readdir(place.path('texts'), { recursive: true })).filter((name) => name.endsWith('.txt'))
    expect(texts).toHaveLength(count)
    for (const name of texts) {
      const index = Number(/(\d{9})\.txt$/.exec(name)?.[1])
      expect(await readFile(place.path('texts', name), 'utf8')).toBe(`prompt ${index}`)
    }
  })
})
