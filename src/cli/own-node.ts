/** Starts a node in this process, with its control API: what `up` and `run` have in common. */
import { mkdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { processExists, readApiFile } from '../control/api-file.ts'
import type { ControlServer } from '../control/server.ts'
import { MeshError } from '../core/errors.ts'
import type { MeshNode } from '../node/api.ts'
import type { LoadedConfig } from './config/load.ts'
import { parseWebAddress } from './config/schema.ts'
import { keepMemorySmall } from './memory.ts'
import { openNodeLog } from './node-log.ts'
import { quoteWord } from './same-node.ts'

export interface OwnNodeOptions {
  readonly config: LoadedConfig
  /** In place of the config's. */
  readonly dataDir?: string
  /** What a user may do where the data directory cannot be had, such as `choose another directory with --data`. */
  readonly elsewhere: string
  /** False for a node that only stores and serves. */
  readonly work: boolean
  readonly onWarning: (message: string) => void
  /** A client asked the node to stop. */
  readonly onStop: (graceMs: number | undefined) => void
}

export interface OwnNode {
  readonly node: MeshNode
  readonly server: ControlServer
  readonly dataDir: string
  /** Stops the node, then its API; a second call with 0 hurries the first. */
  stop(graceMs: number): Promise<void>
}

/** @throws MESH_DATA_DIR_HELD with who holds it, MESH_PORT_TAKEN, MESH_CONFIG, MESH_DATA_DIR and what else createNode throws */
export async function startOwnNode(options: OwnNodeOptions): Promise<OwnNode> {
  const { config, elsewhere, work, onWarning, onStop } = options
  keepMemorySmall()
  const dataDir = options.dataDir ?? config.values.data
  await prepareDataDir(dataDir, elsewhere, onWarning)
  const log = openNodeLog(dataDir, config.values.log, onWarning)
  const [{ createNode }, { startControlServer }] = await Promise.all([
    import('../create-node.ts'),
    import('../control/server.ts'),
  ])
  const places = work ? config.values.places : 0
  const node = await createNode({
    data: dataDir,
    name: config.values.name,
    profiles: config.values.profiles,
    profileFolders: config.profileFolders,
    log,
    ...(places !== undefined && { places }),
  }).catch(async (error: unknown) => {
    throw error instanceof MeshError ? await forStarter(error, dataDir, options) : error
  })
  try {
    const web = parseWebAddress(config.values.web)
    if (web === undefined) throw new TypeError(`the web address ${config.values.web} passed the schema`)
    const portNamed = config.origins['web']?.source !== 'default'
    const server = await startControlServer({ node, dataDir, ...web, portNamed, log, onStop })
    const stop = async (graceMs: number): Promise<void> => {
      try {
        // A node that has met a defect does not stop any more: it has stopped.
        await Promise.race([node.stop({ graceMs }), node.stopped])
      } finally {
        await server.close()
      }
    }
    return { node, server, dataDir, stop }
  } catch (error) {
    await node.stop({ graceMs: 0 })
    throw error
  }
}

const REASONS: { readonly [code: string]: string } = {
  EACCES: 'you may not write there',
  EEXIST: 'there is a file of that name',
  ENOTDIR: 'a part of the path is a file',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
}

/** Makes the directory for its user alone; one that is there stays as it is. */
async function prepareDataDir(dataDir: string, elsewhere: string, onWarning: (message: string) => void): Promise<void> {
  try {
    const created = await mkdir(dataDir, { recursive: true, mode: 0o700 })
    const { mode } = await stat(dataDir)
    if (created === undefined && (mode & 0o077) !== 0) {
      onWarning(`other users can read the data directory: \`chmod 700 ${quoteWord(path.resolve(dataDir))}\` closes it`)
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    const reason = REASONS[code] ?? code
    throw new MeshError('MESH_DATA_DIR', `the data directory ${dataDir} cannot be used: ${reason}; ${elsewhere}`, {
      cause,
    })
  }
}

/** An error of starting with what the starter knows: who holds the directory, and which file a profile is from. */
async function forStarter(error: MeshError, dataDir: string, options: OwnNodeOptions): Promise<MeshError> {
  if (error.code === 'MESH_DATA_DIR_HELD') {
    return new MeshError(error.code, await describeHolder(dataDir, options.elsewhere), { cause: error })
  }
  const profile = /^profile "([^"]+)"/.exec(error.message)?.[1]
  const origin = options.config.origins[`profiles.${profile}`]
  if (error.code !== 'MESH_CONFIG' || origin?.source !== 'file') return error
  return new MeshError(error.code, `${origin.from}: ${error.message}`, { cause: error })
}

async function describeHolder(dataDir: string, elsewhere: string): Promise<string> {
  const holder = await readApiFile(dataDir)
  if (holder === undefined || !processExists(holder.pid)) {
    return `another process holds the data directory ${dataDir}: wait until it ends, or ${elsewhere}`
  }
  const stop = `stop it with \`promptmesh stop --data ${quoteWord(dataDir)}\``
  return `process ${holder.pid} holds the data directory ${dataDir}: wait until it ends, ${stop}, or ${elsewhere}`
}
