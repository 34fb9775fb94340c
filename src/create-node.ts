/** The composition root: settings in, adapters wired, a running node out. The only file that knows everyone. */
import { hash, randomBytes } from 'node:crypto'
import { mkdir, readFile, stat, statfs } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import { createGuard, type Guard } from './adapters/executors/guard.ts'
import { stampPng } from './adapters/executors/png-text.ts'
import { defaultsOf, parseProfile, placesOf, timeoutMsOf } from './adapters/executors/profile.ts'
import { createExecutor } from './adapters/executors/registry.ts'
import { openArtifactStore } from './adapters/files/artifact-store.ts'
import { readOrMakeMeshKey } from './adapters/files/mesh-key.ts'
import { readOrMakeSecret } from './adapters/files/secret-file.ts'
import { levelSource } from './adapters/level/database.ts'
import { createFactStore } from './adapters/level/fact-store.ts'
import { makeIdentity, nodeIdOf } from './adapters/libp2p/identity.ts'
import { MeshError } from './core/errors.ts'
import type { Sha256 } from './core/ids.ts'
import { MESH_SETTINGS, NODE_SETTINGS, type ProfileSettings } from './core/settings.ts'
import type { MeshNode } from './node/api.ts'
import type { Performer } from './node/executions.ts'
import { startNode } from './node/mesh-node.ts'
import type { Log } from './node/ports.ts'
import { systemClock } from './node/system-clock.ts'

export interface CreateNodeOptions {
  /** The data directory; made where there is none. */
  readonly data: string
  /** How people call this node; the machine's name unless given. */
  readonly name?: string
  /** Profile name => its body, as in the config file; one `sketch` unless given. */
  readonly profiles?: { readonly [name: string]: unknown }
  /** Profile name => the folder that its relative paths mean; the current one unless given. */
  readonly profileFolders?: { readonly [name: string]: string }
  /** Takes the place of each profile's own number of places; 0: take no work. */
  readonly places?: number
  /** Gets what an operator may want to read later; dropped unless given. */
  readonly log?: Log
}

const SILENT: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }
const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'hex')

/**
 * Starts a node on a data directory.
 * @throws MESH_CONFIG a profile has an error
 * @throws MESH_DATA_DIR, MESH_DATA_DIR_HELD, MESH_FORMAT, MESH_STORAGE, MESH_DISK_FULL the data directory cannot be used
 */
export async function createNode(options: CreateNodeOptions): Promise<MeshNode> {
  const log = options.log ?? SILENT
  const data = path.resolve(options.data)
  const profiles = options.profiles ?? { sketch: { executor: 'sketch' } }
  const settings = profileSettings(profiles, options.places)
  await makeDataDir(data)
  const { meshId } = await readOrMakeMeshKey(path.join(data, 'mesh.key'))
  const id = nodeIdOf(await readOrMakeSecret(path.join(data, 'node.key'), makeIdentity))
  const store = createFactStore({ source: levelSource(path.join(data, 'store'), log), sha256, log })
  const guard = createGuard(log)
  try {
    return await startNode({
      id,
      name: options.name ?? hostname(),
      version: await readVersion(),
      boot: randomBytes(8).toString('hex'),
      meshId,
      settings: MESH_SETTINGS,
      nodeSettings: { ...NODE_SETTINGS, profiles: settings },
      sha256,
      store,
      artifacts: openArtifactStore({ directory: data }),
      performers: performersOf(profiles, options.profileFolders ?? {}, guard),
      stamp: async (file, provenance) => {
        if (file.mime === 'image/png') await stampPng(file.path, provenance)
      },
      clock: systemClock,
      log,
      diskFreeBytes: () => diskFreeBytes(data),
      close: () => guard.close(),
    })
  } catch (error) {
    await guard.close()
    throw error
  }
}

function profileSettings(
  profiles: { readonly [name: string]: unknown },
  places: number | undefined,
): { [name: string]: ProfileSettings } {
  const settings: { [name: string]: ProfileSettings } = {}
  for (const [name, body] of Object.entries(profiles)) {
    const profile = parseProfile(name, body)
    settings[name] = { places: places ?? placesOf(profile), timeoutMs: timeoutMsOf(profile) }
  }
  return settings
}

function performersOf(
  profiles: { readonly [name: string]: unknown },
  folders: { readonly [name: string]: string },
  guard: Guard,
): Map<string, Performer> {
  return new Map(
    Object.entries(profiles).map(([name, body]) => {
      const configFolder = path.resolve(folders[name] ?? '.')
      const executor = createExecutor(name, body, { configFolder, environment: process.env, guard })
      return [name, { executor, defaults: defaultsOf(parseProfile(name, body)) }]
    }),
  )
}

/** @throws MESH_DATA_DIR */
async function makeDataDir(data: string): Promise<void> {
  try {
    await mkdir(data, { recursive: true, mode: 0o700 })
    if (!(await stat(data)).isDirectory()) throw new Error('it is no folder')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new MeshError('MESH_DATA_DIR', `data directory ${data} cannot be used: ${reason}; name another with --data`, {
      cause: error,
    })
  }
}

async function diskFreeBytes(data: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(data)
    return bavail * bsize
  } catch (error) {
    // Some file systems do not say; that is no reason to have no status.
    if (error instanceof Error) return null
    throw error
  }
}

async function readVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
}
