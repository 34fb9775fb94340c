/** The node that `run` works with: the one that runs already, or one of its own; both are asked in the same words. */
import path from 'node:path'
import { type ControlClient, connect } from '../control/client.ts'
import type { PullSource } from '../control/pull.ts'
import { MeshError } from '../core/errors.ts'
import type { BatchView, MeshNode, PromptRow, SeedAnswer, SeedProgress, SeedRequest, StatusView } from '../node/api.ts'
import type { ProfileChoice } from './config/choose-profile.ts'
import { isLeftBehind } from './same-node.ts'

/** Takes prompts, in this process or over HTTP. */
export interface Seeder {
  /** `onProgress` is told how many rows are acknowledged so far, by whoever knows. */
  seed(
    request: SeedRequest,
    rows: AsyncIterable<readonly PromptRow[]>,
    onProgress?: (progress: SeedProgress) => void,
  ): Promise<SeedAnswer>
}

/** What `run` asks of a node, in this process or over HTTP. */
export interface RunSource extends PullSource, Seeder {
  batch(name: string): Promise<BatchView>
  setBatch(name: string, change: { paused?: boolean; cancelled?: boolean }): Promise<void>
  changeTasks(name: string, change: 'retry', tasks: 'all'): Promise<number>
}

export interface RunNode {
  readonly source: RunSource
  /** Where its state is, for commands that are proposed. */
  readonly dataDir: string
  /** Whether it ends with `run`. */
  readonly own: boolean
  chooseProfile(batch: string): Promise<ProfileChoice>
  /** Rejects when a node of our own has stopped by a defect. */
  readonly stopped: Promise<void>
  /** Stops a node of our own, and leaves another alone; a second call with 0 hurries the first. */
  stop(graceMs: number): Promise<void>
}

export interface RunNodeOptions {
  /** Where a node may run already. */
  readonly dataDir: string
  /** Where a node of our own keeps its state. */
  readonly ownDir: string
  readonly config?: string | undefined
  readonly places?: string | undefined
  readonly profile?: string | undefined
  readonly say: (message: string) => void
  readonly warn: (message: string) => void
  /** A client asked the node of our own to stop. */
  readonly onStop: (graceMs: number | undefined) => void
}

const ELSEWHERE = 'choose another folder with --out'

/** @throws what starting a node throws, or MESH_PROFILE_UNKNOWN before it is started */
export async function openRunNode(options: RunNodeOptions): Promise<RunNode> {
  return (await findRunning(options)) ?? (await startOwn(options))
}

async function findRunning({ dataDir, profile, say }: RunNodeOptions): Promise<RunNode | undefined> {
  const running = await askRunning(dataDir)
  if (running === undefined) return undefined
  const { client, status } = running
  say(`using the node ${status.asked} that runs in ${dataDir}`)
  const { chooseRunningProfile } = await import('./seed-settings.ts')
  const asked = profile ?? (process.env['PROMPTMESH_PROFILE'] || undefined)
  return {
    source: client,
    dataDir,
    own: false,
    chooseProfile: async (batch) => {
      const choice = chooseRunningProfile(status, batch, asked)
      // Whoever waits in the foreground would wait for nothing, and what is seeded cannot be taken back.
      if (choice.waits === true && asked !== undefined) throw new MeshError('MESH_PROFILE_UNKNOWN', `${choice.note}`)
      return choice
    },
    stopped: new Promise<void>(() => undefined),
    stop: async () => undefined,
  }
}

/** The node that runs in a directory; what a killed one left behind is none. */
async function askRunning(dataDir: string): Promise<{ client: ControlClient; status: StatusView } | undefined> {
  const client = await connect({ data: dataDir }).catch((error: unknown) => {
    if (error instanceof MeshError && error.code === 'MESH_NO_NODE') return undefined
    throw error
  })
  try {
    return client && { client, status: await client.status() }
  } catch (error) {
    if (isLeftBehind(error)) return undefined
    throw error
  }
}

async function startOwn(options: RunNodeOptions): Promise<RunNode> {
  const { ownDir, config: file, places, profile, warn, onStop } = options
  const [{ readConfig }, { chooseProfile }, { startOwnNode }] = await Promise.all([
    import('./commands/read-config.ts'),
    import('./config/choose-profile.ts'),
    import('./own-node.ts'),
  ])
  const config = await readConfig({ config: file, places, profile })
  for (const warning of config.warnings) warn(warning)
  const choice = chooseProfile(config, profile)
  const own = await startOwnNode({ config, dataDir: ownDir, elsewhere: ELSEWHERE, work: true, onWarning: warn, onStop })
  return {
    source: sourceOf(own.node),
    dataDir: path.relative('', ownDir) || '.',
    own: true,
    chooseProfile: async () => choice,
    stopped: own.node.stopped,
    stop: (graceMs) => own.stop(graceMs),
  }
}

function sourceOf(node: MeshNode): RunSource {
  return {
    artifact: (sha256) => node.artifactPath(sha256),
    batch: async (name) => {
      const view = node.batch(name)
      return view.blocked === null ? view : { ...view, blocked: ofCommand(view.blocked) }
    },
    tasks: (name, query) => node.tasks(name, query),
    seed: (request, rows, onProgress) => node.seed(request, rows, onProgress),
    setBatch: (name, change) => node.setBatch(name, change),
    changeTasks: (name, change, tasks) => node.changeTasks(name, change, tasks),
  }
}

/** A node of our own starts with the command: what is said of its start is said of the command. */
function ofCommand(text: string): string {
  return text.replace('start the node again', 'give the same command again')
}

/** The counts of a batch, or undefined where there is none of that name. */
export async function findBatch(source: RunSource, name: string): Promise<BatchView | undefined> {
  try {
    return await source.batch(name)
  } catch (error) {
    if (error instanceof MeshError && error.code === 'MESH_BATCH_UNKNOWN') return undefined
    throw error
  }
}
