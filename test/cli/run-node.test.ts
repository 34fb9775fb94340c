/** Tests of the node that `run` works with, and of what waits beside it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rest } from '../../src/cli/rest.ts'
import { findBatch, openRunNode } from '../../src/cli/run-node.ts'
import type { PromptRow } from '../../src/node/api.ts'

async function* rowsOf(count: number): AsyncGenerator<PromptRow[]> {
  for (let at = 0; at < count; at += 500) {
    yield Array.from({ length: 500 }, (_, row) => ({ prompt: `prompt ${at + row}`, params: {} }))
  }
}

test('a node of our own tells how many prompts it has acknowledged, never more than it holds', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'promptmesh-run-node-'))
  const ignore = (): void => undefined
  const node = await openRunNode({
    dataDir: join(dir, 'none'),
    ownDir: join(dir, 'own'),
    say: ignore,
    warn: ignore,
    onStop: ignore,
  })
  try {
    expect(node.own).toBe(true)
    expect(await findBatch(node.source, 'told')).toBeUndefined()
    const told: number[] = []
    const held: Promise<number>[] = []
    await node.source.seed({ batch: 'told', profile: 'sketch' }, rowsOf(3_000), (now) => {
      told.push(now.new + now.existing)
      held.push(node.source.batch('told').then(({ total }) => total))
    })
    expect(told.length).toBeGreaterThan(1)
    expect(told.at(-1)).toBe(3_000)
    for (const [at, total] of (await Promise.all(held)).entries()) expect(told[at]).toBeLessThanOrEqual(total)
    expect((await findBatch(node.source, 'told'))?.total).toBe(3_000)
  } finally {
    await node.stop(0)
    await rm(dir, { recursive: true, force: true })
  }
})

test('rest ends at once where it is aborted, before it or meanwhile', async () => {
  const abort = new AbortController()
  const resting = rest(3_600_000, abort.signal)
  abort.abort()
  await resting
  await rest(3_600_000, abort.signal)
})
