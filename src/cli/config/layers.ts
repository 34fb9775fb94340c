/** Reads the places where settings are said (flags, environment, files), each checked against the schema. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { MeshError, type MeshErrorCode } from '../../core/errors.ts'
import { nearest } from '../../intake/nearest.ts'
import { JsonSyntaxError, parseJson } from './json.ts'
import { CONFIG_KEYS, type ConfigKey, configSchema, type PartialConfig } from './schema.ts'

/** The flags that a command was given, as the command line parser hands them over. */
export interface ConfigFlags {
  readonly config?: string | undefined
  readonly data?: string | undefined
  readonly name?: string | undefined
  readonly profile?: string | undefined
  readonly web?: string | undefined
  readonly places?: string | number | undefined
  readonly log?: string | undefined
}

export type Environment = { readonly [name: string]: string | undefined }

/** The settings said in one place; relative paths in it mean `folder`. */
export interface Layer {
  readonly source: 'flag' | 'environment' | 'file' | 'default'
  readonly values: PartialConfig
  readonly folder: string
  /** Where exactly a key was said, for people: `--data`, `PROMPTMESH_DATA`, the file. */
  readonly from: (key: ConfigKey) => string
}

const KEYS = Object.keys(CONFIG_KEYS) as ConfigKey[]

/**
 * The settings among a command's flags.
 * @throws MESH_BAD_REQUEST one of them has a wrong value: a mistake of usage, not of a config
 */
export function readFlags(flags: ConfigFlags, cwd: string): Layer {
  const said = KEYS.map((key) => [key, key === 'profiles' ? undefined : flags[key]] as const)
  const from = (key: ConfigKey): string => CONFIG_KEYS[key].flag ?? key
  return { source: 'flag', folder: cwd, from, values: parseTexts(said, from, 'MESH_BAD_REQUEST') }
}

/**
 * The settings in the environment. An empty variable counts as not set.
 * @throws MESH_CONFIG one of them has a wrong value
 */
export function readEnvironment(env: Environment, cwd: string): Layer {
  const said = KEYS.map((key) => [key, env[CONFIG_KEYS[key].env ?? ''] || undefined] as const)
  const from = (key: ConfigKey): string => CONFIG_KEYS[key].env ?? key
  return { source: 'environment', folder: cwd, from, values: parseTexts(said, from, 'MESH_CONFIG') }
}

/** Names of this prefix that are for executors' children, keys and tokens: no settings, and no mistake either. */
const OTHER_NAMES = ['PROMPT', 'PARAMS', 'OUT', 'SEED', 'INDEX', 'BATCH', 'ATTEMPT', 'PLACE', 'KEY', 'TOKEN', 'DEBUG']

/** A sentence for each PROMPTMESH_ variable that means nothing, with the name that may have been meant. */
export function findUnknownNames(env: Environment): string[] {
  const settings = ['PROMPTMESH_CONFIG', ...KEYS.flatMap((key) => CONFIG_KEYS[key].env ?? [])].map(withoutPrefix)
  const known = new Set([...settings, ...OTHER_NAMES])
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.has(withoutPrefix(name)))
    .sort()
    .map((name) => {
      // The prefix is in all of them: it makes no two names alike.
      const hint = didYouMean(withoutPrefix(name), settings, PREFIX)
      return `the environment variable ${name} means nothing here${hint}`
    })
}

const PREFIX = 'PROMPTMESH_'

function withoutPrefix(name: string): string {
  return name.slice(PREFIX.length)
}

/**
 * The settings in a JSON file; undefined where there is no such file and it is not `required`.
 * @throws MESH_CONFIG it cannot be read, is not JSON, or has a wrong key or value
 */
export async function readConfigFile(file: string, required: boolean): Promise<Layer | undefined> {
  const text = await readText(file, required)
  if (text === undefined) return undefined
  const values = checkValues(parseFile(file, text), (key) => `${file}: ${key}`.replace(/: $/, ''), 'MESH_CONFIG')
  return { source: 'file', folder: path.dirname(file), from: () => file, values }
}

async function readText(file: string, required: boolean): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' && !required) return undefined
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : code
    throw new MeshError('MESH_CONFIG', `the config file ${file} cannot be read: ${why}`, { cause: error })
  }
}

function parseFile(file: string, text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    throw new MeshError('MESH_CONFIG', `the config file ${file} cannot be used: ${error.message}`, { cause: error })
  }
}

/** Flags and variables are text: a whole number is read as one, everything else stays as it is. */
function parseTexts(
  said: readonly (readonly [ConfigKey, string | number | undefined])[],
  from: (key: ConfigKey) => string,
  code: MeshErrorCode,
): PartialConfig {
  const given = said.filter(([, value]) => value !== undefined)
  const values = given.map(([key, value]) => [
    key,
    key === 'places' && /^\d+$/.test(`${value}`) ? Number(value) : value,
  ])
  return checkValues(Object.fromEntries(values), (key) => from(key as ConfigKey), code)
}

function checkValues(raw: unknown, name: (path: string) => string, code: MeshErrorCode): PartialConfig {
  const parsed = configSchema.safeParse(raw)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.flatMap((issue): string[] => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => describeUnknownKey(key, name))
    const at = issue.path.map(String)
    // A record's wrong key is told by the check of the key, which is inside the issue.
    if (issue.code === 'invalid_key') {
      return [`${name(at.join('.'))}: expected ${issue.issues[0]?.message}, got ${quote(at.at(-1))}`]
    }
    return [`${name(at.join('.'))}: expected ${issue.message}, got ${quote(valueAt(raw, at))}`]
  })
  throw new MeshError(code, problems.join('; '))
}

function describeUnknownKey(key: string, name: (path: string) => string): string {
  return `${name('')}: unknown key "${key}"${didYouMean(key, KEYS)}; the keys are ${[...KEYS].sort().join(', ')}`
}

function didYouMean(word: string, known: readonly string[], prefix = ''): string {
  const meant = nearest(word, known)
  return meant === undefined ? '' : `; did you mean ${prefix}${meant}?`
}

function valueAt(raw: unknown, at: readonly string[]): unknown {
  return at.reduce<unknown>((value, key) => (value as { [key: string]: unknown } | undefined)?.[key], raw)
}

/** A value on one short line. */
function quote(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`
}
