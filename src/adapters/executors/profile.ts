/** The body of a profile in a node's config: its shape, its defaults, and errors that name the key. */
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { MeshError } from '../../core/errors.ts'
import type { Params } from '../../core/facts.ts'
import { nearest } from '../../core/nearest.ts'

const PLACES_MAX = 1_024
const TIMEOUT_MS_MAX = 7 * 24 * 3_600_000
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const

const TIMEOUT_HINT = 'write seconds, or "500ms", "2s", "5m", "1h", up to 7 days, or "auto"'

const TEXT = 'expected a text without NUL characters'
const text = z.string(TEXT).refine((value) => !value.includes('\0'), TEXT)

const timeout = z.union([z.number(), z.string()], { error: TIMEOUT_HINT }).refine((value) => {
  const timeMs = durationMs(value)
  return timeMs === 'auto' || (timeMs >= 1 && timeMs <= TIMEOUT_MS_MAX)
}, TIMEOUT_HINT)

const PLACES = `expected a whole number from 1 to ${PLACES_MAX}`
const DEFAULTS = 'expected an object of parameters such as { "steps": 30 }'
const TAGS = 'expected a list of texts such as ["vram24"]'
const COMMAND = 'expected a list of program and arguments such as ["./draw.sh", "--fast"]'
const ENV = 'expected an object of texts by name such as { "CUDA_VISIBLE_DEVICES": "0" }'
const ENV_NAME = 'expected names of letters, digits and "_" that begin with no digit'
const FOLDER = 'expected a folder'

/** Keys of every profile. What went wrong completes the sentence "<key>: …, got <value>". */
const common = {
  places: z.int(PLACES).min(1, PLACES).max(PLACES_MAX, PLACES).optional(),
  timeout: timeout.optional(),
  defaults: z.record(z.string(), z.json(), DEFAULTS).optional(),
  tags: z.array(z.string(TAGS).min(1, TAGS), TAGS).optional(),
}

const sketchShape = { executor: z.literal('sketch'), ...common }
const commandShape = {
  executor: z.literal('command'),
  command: z.tuple([text.min(1, 'expected a program')], text, COMMAND),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, ENV_NAME), text, ENV).optional(),
  cwd: text.min(1, FOLDER).optional(),
  ...common,
}

/** Executors that a profile may name. */
const EXECUTORS = ['sketch', 'command'] as const

/** A profile as the config file has it; unknown keys and executors are errors that name the nearest known ones. */
export const profileSchema = z.discriminatedUnion(
  'executor',
  [strict('sketch', sketchShape), strict('command', commandShape)],
  { error: executorProblem },
)

export type Profile = z.output<typeof profileSchema>

/**
 * Reads the body of a profile.
 * @throws MESH_CONFIG it has an error; the message names the profile and the key
 */
export function parseProfile(name: string, body: unknown): Profile {
  const parsed = profileSchema.safeParse(body)
  if (parsed.success) return parsed.data
  throw new MeshError('MESH_CONFIG', `profile "${name}": ${parsed.error.issues.map(describeIssue(body)).join('; ')}`)
}

/** Which key, what is allowed, and what was given. */
function describeIssue(body: unknown): (issue: z.core.$ZodIssue) => string {
  return (issue) => {
    const path = issue.path.map(String)
    const at = path.length === 0 ? '' : `${path.join('.')}: `
    const isExecutor = issue.code === 'invalid_union' && at === 'executor: '
    // These say themselves what was given.
    if (issue.code === 'unrecognized_keys' || isExecutor) return `${at}${issue.message}`
    // A record's wrong key is told by the check of the key, which is inside the issue.
    if (issue.code === 'invalid_key') return `${at}${issue.issues[0]?.message}, got ${shown(path.at(-1))}`
    return `${at}${issue.message}, got ${shown(valueAt(body, path))}`
  }
}

function valueAt(body: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as { [key: string]: unknown } | undefined)?.[key], body)
}

/** A value on one short line. */
function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value)
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`
}

/** Attempts of the profile that may run at a time: what it says, else one a core for sketch and one for command. */
export function placesOf(profile: Profile): number {
  return profile.places ?? (profile.executor === 'sketch' ? Math.min(availableParallelism(), PLACES_MAX) : 1)
}

/** The longest run of an attempt in milliseconds, or 'auto'. */
export function timeoutMsOf(profile: Profile): number | 'auto' {
  return durationMs(profile.timeout ?? 'auto')
}

/** The parameters that a prompt has unless it says otherwise. */
export function defaultsOf(profile: Profile): Params {
  return (profile.defaults ?? {}) as Params
}

function strict<Shape extends z.ZodRawShape>(executor: string, shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined
      const known = Object.keys(shape)
      const hints = (issue.keys as string[]).map((key) => `unknown key "${key}"; ${suggest(key, known)}`)
      return `${hints.join('; ')} (keys of ${executor}: ${known.join(', ')})`
    },
  })
}

function executorProblem(issue: { code?: string; input?: unknown }): string {
  if (issue.code !== 'invalid_union') return 'expected an object such as { "executor": "sketch" }'
  const given = (issue.input as { executor?: unknown }).executor
  const known = `known are ${EXECUTORS.join(', ')}`
  if (given === undefined) return `names no executor; ${known}`
  const meant = nearest(String(given), EXECUTORS)
  const hint = meant === undefined ? '' : `did you mean "${meant}"? `
  return `unknown executor ${JSON.stringify(given)}; ${hint}${known}`
}

function suggest(key: string, known: readonly string[]): string {
  const meant = nearest(key, known)
  return meant === undefined ? 'remove it' : `did you mean "${meant}"?`
}

function durationMs(value: string | number): number | 'auto' {
  if (value === 'auto') return 'auto'
  if (typeof value === 'number') return Math.round(value * 1_000)
  const [, count, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/.exec(value.trim()) ?? []
  return count === undefined ? Number.NaN : Math.round(Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS])
}
