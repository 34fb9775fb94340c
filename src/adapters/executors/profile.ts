/** The body of a profile in a node's config: its shape, its defaults, and errors that name the key. */
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { MeshError } from '../../core/errors.ts'
import type { Params } from '../../core/facts.ts'

const PLACES_MAX = 1_024
const TIMEOUT_MS_MAX = 7 * 24 * 3_600_000
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const

const TIMEOUT_HINT = 'write seconds, or "500ms", "2s", "5m", "1h", up to 7 days, or "auto"'

const text = z.string().refine((value) => !value.includes('\0'), 'must not have a NUL character')

const timeout = z.union([z.number(), z.string()], { error: TIMEOUT_HINT }).refine((value) => {
  const timeMs = durationMs(value)
  return timeMs === 'auto' || (timeMs >= 1 && timeMs <= TIMEOUT_MS_MAX)
}, TIMEOUT_HINT)

/** Keys of every profile. */
const common = {
  places: z.int().min(1).max(PLACES_MAX).optional(),
  timeout: timeout.optional(),
  defaults: z.record(z.string(), z.json()).optional(),
  tags: z.array(z.string().min(1)).optional(),
}

const sketchShape = { executor: z.literal('sketch'), ...common }
const commandShape = {
  executor: z.literal('command'),
  command: z.tuple([text.min(1)], text),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), text).optional(),
  cwd: text.min(1).optional(),
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
  const problems = parsed.error.issues.map(({ path, message }) =>
    [...path.map(String), message].join(path.length ? ': ' : ''),
  )
  throw new MeshError('MESH_CONFIG', `profile "${name}": ${problems.join('; ')}`)
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

function executorProblem(issue: { code?: string; input?: unknown }): string | undefined {
  if (issue.code !== 'invalid_union') return undefined
  const given = (issue.input as { executor?: unknown }).executor
  const known = `known are ${EXECUTORS.join(', ')}`
  if (given === undefined) return `names no executor; ${known}`
  return `unknown executor ${JSON.stringify(given)}; ${known}`
}

function suggest(key: string, known: readonly string[]): string {
  const nearest = known
    .map((word) => ({ word, distance: editDistance(key, word) }))
    .sort((a, b) => a.distance - b.distance)[0]
  if (nearest === undefined || nearest.distance > Math.max(2, key.length / 2)) return 'remove it'
  return `did you mean "${nearest.word}"?`
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (b[j - 1] === letter ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced))
    }
    row = next
  }
  return row[b.length] ?? 0
}

function durationMs(value: string | number): number | 'auto' {
  if (value === 'auto') return 'auto'
  if (typeof value === 'number') return Math.round(value * 1_000)
  const [, count, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/.exec(value.trim()) ?? []
  return count === undefined ? Number.NaN : Math.round(Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS])
}
