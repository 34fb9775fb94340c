/** `status` and `batches`: how everything stands, once or again each second. */
import type { Command } from 'commander'
import type { ControlClient } from '../../control/client.ts'
import { MeshError } from '../../core/errors.ts'
import type { StatusView } from '../../node/api.ts'
import { suggestBatch } from '../errors.ts'
import { isLive, print, printJson } from '../render/terminal.ts'
import { rest } from '../rest.ts'
import { type NodeOptions, onSameNode } from '../same-node.ts'
import { leave, onStopSignals } from '../signals.ts'
import { asksNode, type Format, openClient, type Run } from './shared.ts'

interface StatusOptions extends NodeOptions {
  readonly watch?: boolean
  readonly output: Format
}

const WATCH_MS = 1_000

export function addStatusCommands(program: Command, run: Run): void {
  const status = program
    .command('status [batch]')
    .description('show nodes and batches, with counts, rate and ETA')
    .option('-w, --watch', 'show it again each second until Ctrl-C')
  asksNode(status, ['table', 'json', 'jsonl'], 'status', 'status -w', 'status -o json').action(run(showStatus))
  const batches = program.command('batches').description('list the batches')
  asksNode(batches, ['table', 'json', 'jsonl'], 'batches', 'batches -o jsonl').action(run(showBatches))
}

async function showStatus(batch: string | undefined, options: StatusOptions): Promise<void> {
  const client = await openClient(options)
  if (options.watch === true) return await watchStatus(client, batch, options)
  await printStatus(await askStatus(client, batch), options)
}

async function askStatus(client: ControlClient, name: string | undefined): Promise<StatusView> {
  const status = await client.status()
  if (name === undefined) return status
  const batches = status.batches.filter((batch) => batch.name === name)
  if (batches.length > 0) return { ...status, batches }
  const known = status.batches.map((batch) => batch.name)
  const unknown = `no batch "${name}" is known here; \`promptmesh batches\` lists what there is`
  throw suggestBatch(new MeshError('MESH_BATCH_UNKNOWN', unknown), name, known)
}

async function printStatus(status: StatusView, options: StatusOptions): Promise<void> {
  if (options.output !== 'table') return await printJson(status, options.output === 'json' ? 2 : 0)
  const { renderStatus } = await import('../render/status.ts')
  await print(onSameNode(renderStatus(status).join('\n'), options))
}

async function watchStatus(client: ControlClient, batch: string | undefined, options: StatusOptions): Promise<void> {
  const stop = new AbortController()
  const release = onStopSignals((count) => {
    stop.abort()
    // A node that is silent would be awaited.
    if (count > 1) leave('promptmesh: stopped by Ctrl-C')
  })
  try {
    const show = await watcher(options)
    while (!stop.signal.aborted) {
      await show(await askStatus(client, batch))
      await rest(WATCH_MS, stop.signal)
    }
  } finally {
    release()
  }
}

/** On a terminal the table is redrawn in place; elsewhere each answer follows the one before. */
async function watcher(options: StatusOptions): Promise<(status: StatusView) => Promise<void>> {
  const { output } = options
  if (output !== 'table' || !isLive(process.stdout)) {
    return (status) => printStatus(status, { ...options, output: output === 'json' ? 'jsonl' : output })
  }
  const [{ createLogUpdate }, { renderStatus }] = await Promise.all([
    import('log-update'),
    import('../render/status.ts'),
  ])
  const update = createLogUpdate(process.stdout)
  return async (status) => update(onSameNode(renderStatus(status).join('\n'), options))
}

async function showBatches(options: StatusOptions): Promise<void> {
  const { batches } = await (await openClient(options)).status()
  if (options.output === 'json') return await printJson({ schema: 'promptmesh.batches/1', batches }, 2)
  if (options.output === 'jsonl') {
    for (const batch of batches) await printJson(batch)
    return
  }
  const { renderBatches } = await import('../render/status.ts')
  await print(renderBatches(batches).join('\n'))
}
