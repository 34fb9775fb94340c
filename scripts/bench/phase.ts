/** One phase of the bench, in a process of its own: reports its figures, then waits for the word to end. */
import { once } from 'node:events'
import { join } from 'node:path'
import { keepMemorySmall } from '../../src/cli/memory.ts'
import { connect } from '../../src/control/client.ts'
import { startControlServer } from '../../src/control/server.ts'
import { openPrompts } from '../../src/intake/open.ts'
import type { MeshNode } from '../../src/node/api.ts'
import type { Figures, Phase } from './bench.ts'
import { startBenchNode, untilDone } from './bench-node.ts'

const PLACES = 1_000

async function seed(node: MeshNode, folder: string): Promise<Figures> {
  const startMs = performance.now()
  const { rows } = await openPrompts(join(folder, 'prompts.txt'))
  const answer = await node.seed({ batch: 'bench', profile: 'noop' }, rows)
  const ms = performance.now() - startMs
  return { ms, perSecond: answer.new / (ms / 1e3) }
}

async function complete(node: MeshNode): Promise<Figures> {
  const startMs = performance.now()
  await untilDone(node, 'bench')
  const ms = performance.now() - startMs
  return { ms, perSecond: node.batch('bench').completed / (ms / 1e3) }
}

/** The median of 21 answers over HTTP, connection included. */
async function status(node: MeshNode, folder: string): Promise<Figures> {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const server = await startControlServer({
    node,
    dataDir: folder,
    host: '127.0.0.1',
    port: 0,
    portNamed: true,
    log,
    onStop: () => undefined,
  })
  const client = await connect({ data: folder })
  const times: number[] = []
  for (let each = 0; each < 21; each++) {
    const startMs = performance.now()
    await client.status()
    times.push(performance.now() - startMs)
  }
  await server.close()
  return { ms: times.toSorted((a, b) => a - b)[10] ?? Number.NaN }
}

async function main(name: Phase, folder: string, small: boolean): Promise<void> {
  if (small) keepMemorySmall()
  let rssMax = 0
  const watch = setInterval(() => {
    rssMax = Math.max(rssMax, process.memoryUsage.rss())
  }, 20)
  const startMs = performance.now()
  const node = await startBenchNode(join(folder, 'data'), name === 'complete' ? PLACES : 0)
  const started = { ms: performance.now() - startMs }
  let figures: Figures
  if (name === 'complete') figures = await complete(node)
  else if (name === 'status') figures = await status(node, folder)
  else if (name === 'start') figures = { ...started, total: node.batch('bench').total }
  else figures = await seed(node, folder)
  clearInterval(watch)
  const ending = once(process, 'message')
  process.send?.({ ...figures, rssMax })
  await ending
  await node.stop({ graceMs: 0 })
  process.disconnect()
}

await main(process.argv[2] as Phase, process.argv[3] ?? '', process.argv[4] === 'small')
