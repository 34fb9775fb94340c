/** `up` and `stop`: a node in the foreground, and its end. */
import { setTimeout } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { processExists } from '../../control/api-file.ts'
import { formatPlural } from '../../control/format.ts'
import { MeshError } from '../../core/errors.ts'
import { DAY_MS } from '../duration.ts'
import { EXIT } from '../errors.ts'
import type { OwnNode } from '../own-node.ts'
import { say, warn } from '../render/terminal.ts'
import { type NodeOptions, sameNode } from '../same-node.ts'
import { leave, onStopSignals } from '../signals.ts'
import { addExamples, asksNode, duration, openClient, type Run } from './shared.ts'

interface UpOptions {
  readonly config?: string
  readonly data?: string
  readonly name?: string
  readonly places?: string
  readonly web?: string
  readonly log?: string
  readonly work: boolean
  readonly grace: number
}

interface StopOptions extends NodeOptions {
  readonly grace?: number
}

/** How long attempts that run may take to finish when a node stops. */
export const GRACE_MS = 30_000
/** Beyond the grace: ending what runs, and closing the store. */
const STOPPING_MS_MAX = 20_000
const STOP_POLL_MS = 50
const grace = duration(0, DAY_MS, '1d at most')

export function addUpCommands(program: Command, run: Run): void {
  const up = program.command('up').description('start a node in the foreground')
  addExamples(up, 'up', 'up --name gpu-01 --places 2', 'up --config gpu.json --data /data/mesh')
    .option('--data <dir>', "its data directory (default: the user's)")
    .option('--config <file>', 'read this file in place of ./promptmesh.json')
    .option('--name <name>', 'how the node is shown (default: the host name)')
    .option('--places <n>', 'attempts at a time, in place of what each profile says')
    .option(
      '--web <host:port>',
      'address of the HTTP API, this machine only (default: 127.0.0.1:7170 or the next free port)',
    )
    .option('--log <level>', 'least level in node.log: trace, debug, info, warn, error or silent')
    .option('--no-work', 'store and serve only, run nothing')
    .addOption(
      new Option('--grace <time>', 'how long running attempts may finish when it stops')
        .argParser(grace)
        .default(GRACE_MS, '30s'),
    )
    .action(run(startNode))
  const stop = program
    .command('stop')
    .description('stop the node: what runs may finish, the rest stays for later')
    .option('--grace <time>', "how long running attempts may finish (default: the node's own)", grace)
  asksNode(stop, [], 'stop', 'stop --grace 0s').action(run(stopNode))
}

async function startNode(options: UpOptions): Promise<number> {
  say('promptmesh: starting a node')
  // From here on, for a signal during the start must not leave half a node.
  const stop = Promise.withResolvers<number>()
  let signals = 0
  let own: OwnNode | undefined
  const release = onStopSignals((count) => {
    signals = count
    if (count === 1) say('stopping: running attempts may finish; once more stops them at once')
    else if (count > 2 || own === undefined) leave('stopped at once: nothing that was acknowledged is lost')
    else {
      say('stopping at once: what runs will run again at the next start')
      void own.node.stop({ graceMs: 0 })
    }
    stop.resolve(options.grace)
  })
  try {
    const { readConfig } = await import('./read-config.ts')
    const config = await readConfig(options)
    for (const warning of config.warnings) warn(warning)
    const { startOwnNode } = await import('../own-node.ts')
    own = await startOwnNode({
      config,
      elsewhere: 'choose another directory with --data',
      work: options.work,
      onWarning: warn,
      onStop: (graceMs) => stop.resolve(graceMs ?? options.grace),
    })
    await sayWhatIsServed(own, options)
    const graceMs = await Promise.race([stop.promise, own.node.stopped.then(() => 0)])
    await own.stop(signals > 1 ? 0 : graceMs)
    say('stopped')
    return EXIT.ok
  } finally {
    await own?.server.close()
    release()
  }
}

async function sayWhatIsServed({ node, server, dataDir }: OwnNode, options: UpOptions): Promise<void> {
  const status = await node.status()
  const places = status.nodes.find(({ id }) => id === node.id)?.places ?? 0
  const work =
    node.profiles.length === 0 ? 'runs nothing' : `runs ${node.profiles.join(', ')} in ${formatPlural(places, 'place')}`
  say(`node ${node.name} serves ${server.url}, ${work}, data in ${dataDir}`)
  say(`add prompts: \`promptmesh seed FILE${sameNode(options)}\`; watch: \`promptmesh status -w${sameNode(options)}\``)
  say('ready')
}

async function stopNode(options: StopOptions): Promise<void> {
  const client = await openClient(options)
  await client.stop(options.grace)
  const { pid, url } = client
  if (pid === undefined) {
    say(`the node at ${url} is stopping`)
    return
  }
  say(`node of process ${pid} is stopping: running attempts may finish`)
  const until = performance.now() + (options.grace ?? GRACE_MS) + STOPPING_MS_MAX
  while (processExists(pid)) {
    if (performance.now() > until) {
      throw new MeshError(
        'MESH_TIMEOUT',
        `process ${pid} has not stopped yet: wait, or end it with \`kill -9 ${pid}\`, which loses nothing`,
      )
    }
    await setTimeout(STOP_POLL_MS)
  }
  say('stopped')
}
