/** Puts the settings together: flags, then environment, then ./promptmesh.json, then the user's config, then defaults. */
import os from 'node:os'
import path from 'node:path'
import {
  type ConfigFlags,
  type Environment,
  findUnknownNames,
  type Layer,
  readConfigFile,
  readEnvironment,
  readFlags,
} from './layers.ts'
import type { ConfigKey, PartialConfig, ProfileConfig } from './schema.ts'

export interface ConfigInput {
  readonly flags: ConfigFlags
  readonly env: Environment
  readonly cwd: string
  readonly home: string
  /** The name that a node has by default; the machine's unless given. */
  readonly hostname?: string
}

export interface Config {
  /** Absolute path of the data directory. */
  readonly data: string
  readonly name: string
  /** `host:port`, loopback. */
  readonly web: string
  /** Takes the place of each profile's own number. */
  readonly places?: number
  /** The default profile, as it was said; see chooseProfile. */
  readonly profile?: string
  readonly log: NonNullable<PartialConfig['log']>
  /** As written: `${env:NAME}` is resolved by the executor alone. */
  readonly profiles: { readonly [name: string]: ProfileConfig }
}

/** Where a value was said; `from` is for people: `--data`, `PROMPTMESH_DATA`, a file, or `default`. */
export interface Origin {
  readonly source: Layer['source']
  readonly from: string
}

export interface LoadedConfig {
  readonly values: Config
  /** By key; each profile has its own, `profiles.NAME`. */
  readonly origins: { readonly [key: string]: Origin }
  /** For each profile the folder that its relative paths mean. */
  readonly profileFolders: { readonly [name: string]: string }
  /** Sentences for people: environment variables that mean nothing. */
  readonly warnings: readonly string[]
}

/**
 * Loads the settings. A file that `--config` or PROMPTMESH_CONFIG names replaces ./promptmesh.json and must exist.
 * @throws MESH_CONFIG a file, variable or flag is wrong; the message names it, the key, and what was expected
 */
export async function loadConfig(input: ConfigInput): Promise<LoadedConfig> {
  const { flags, env, cwd } = input
  const named = flags.config ?? (env['PROMPTMESH_CONFIG'] || undefined)
  const project = await readConfigFile(path.resolve(cwd, named ?? 'promptmesh.json'), named !== undefined)
  const user = await readConfigFile(userConfigFile(input), false)
  const said = [readFlags(flags, cwd), readEnvironment(env, cwd), project, user]
  const layers = [...said.filter((layer) => layer !== undefined), defaults(input)]
  const origins: { [key: string]: Origin } = {}
  const find = <K extends ConfigKey>(key: K): { value: NonNullable<PartialConfig[K]>; layer: Layer } | undefined => {
    const layer = layers.find(({ values }) => values[key] !== undefined)
    const value = layer?.values[key]
    if (layer === undefined || value === undefined || value === null) return undefined
    origins[key] = { source: layer.source, from: layer.from(key) }
    return { value, layer }
  }
  const data = find('data')
  const name = find('name')
  const web = find('web')
  const log = find('log')
  if (!data || !name || !web || !log) throw new TypeError('defaults() lacks a key')
  const places = find('places')?.value
  const profile = find('profile')?.value
  const { profiles, profileFolders } = mergeProfiles(layers, origins)
  const values: Config = {
    data: resolvePath(data.value, data.layer.folder, input.home),
    name: name.value,
    web: web.value,
    log: log.value,
    profiles,
    ...(places !== undefined && { places }),
    ...(profile !== undefined && { profile }),
  }
  return { values, origins, profileFolders, warnings: findUnknownNames(env) }
}

/** Profiles of all files by name; of two with one name the nearer file's counts, as a whole. */
function mergeProfiles(
  layers: readonly Layer[],
  origins: { [key: string]: Origin },
): { profiles: { [name: string]: ProfileConfig }; profileFolders: { [name: string]: string } } {
  const profiles: { [name: string]: ProfileConfig } = {}
  const profileFolders: { [name: string]: string } = {}
  for (const layer of layers) {
    // The built-in one is for those who configured none.
    if (layer.source === 'default' && Object.keys(profiles).length > 0) continue
    for (const [name, profile] of Object.entries(layer.values.profiles ?? {})) {
      if (Object.hasOwn(profiles, name)) continue
      profiles[name] = profile
      profileFolders[name] = layer.folder
      origins[`profiles.${name}`] = { source: layer.source, from: layer.from('profiles') }
    }
  }
  return { profiles, profileFolders }
}

/** The settings that hold where nobody said otherwise. */
function defaults({ env, cwd, home, hostname = os.hostname() }: ConfigInput): Layer {
  const dataHome = absoluteOr(env['XDG_DATA_HOME'], path.join(home, '.local', 'share'))
  const values: PartialConfig = {
    data: path.join(dataHome, 'promptmesh'),
    name: sanitizeName(hostname),
    web: '127.0.0.1:7170',
    log: 'info',
    profiles: { sketch: { executor: 'sketch' } },
  }
  return { source: 'default', folder: cwd, from: () => 'default', values }
}

function userConfigFile({ env, home }: ConfigInput): string {
  return path.join(absoluteOr(env['XDG_CONFIG_HOME'], path.join(home, '.config')), 'promptmesh', 'config.json')
}

/** The XDG base directory specification has relative paths ignored. */
function absoluteOr(folder: string | undefined, otherwise: string): string {
  return folder !== undefined && path.isAbsolute(folder) ? folder : otherwise
}

function resolvePath(text: string, folder: string, home: string): string {
  return path.resolve(folder, text.replace(/^~(?=$|\/)/, home))
}

/** A host name as a node name: lower case, other characters as `-`. */
function sanitizeName(hostname: string): string {
  const name = hostname.toLowerCase().replace(/[^a-z0-9._-]+/g, '-')
  return name.replace(/^[._-]+/, '').slice(0, 63) || 'node'
}
