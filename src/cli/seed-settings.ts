/** What a batch is seeded with when the user does not say: its name and its profile; and what may surprise them. */
import path from 'node:path'
import { MeshError } from '../core/errors.ts'
import { nearest } from '../intake/nearest.ts'
import type { BatchView, SeedRequest, StatusView } from '../node/api.ts'
import type { ProfileChoice } from './config/choose-profile.ts'

/** The name of a file's batch: the file's own, without folder and extensions; `-` is `stdin`. */
export function batchNameOf(file: string): string {
  if (file === '-') return 'stdin'
  const bare = path.basename(file).replace(/\.gz$/i, '')
  const stem = bare.replace(/(?!^)\.[^.]*$/, '')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  const name = stem.replace(/[\\\u0000-\u001f\u007f]/g, '_').replace(/^[.-]+/, '')
  const cut = name.toWellFormed().slice(0, 100).toWellFormed()
  return cut.trim() === '' ? 'prompts' : cut
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const BATCH_NAME = /^(?![.-])[^/\\\u0000-\u001f\u007f]{1,100}$/

/**
 * The name, where a node will take it; so that nothing is read or started for one that it refuses.
 * @throws MESH_BATCH_NAME
 */
export function checkBatchName(name: string): string {
  if (BATCH_NAME.test(name) && name.trim() !== '' && name.isWellFormed()) return name
  const allowed = 'up to 100 characters without slashes and control characters, the first no dot or dash'
  throw new MeshError('MESH_BATCH_NAME', `--name: expected ${allowed}, got ${JSON.stringify(name.slice(0, 120))}`)
}

export interface RunningChoice extends ProfileChoice {
  /** No node can run it now: what is seeded waits. */
  readonly waits?: true
}

/**
 * The profile to seed for at a running node: the one asked for, else that of the batch if it exists, else the
 * only one that the nodes can run.
 * @throws MESH_PROFILE_UNKNOWN the nodes can run several and none was asked for
 */
export function chooseRunningProfile(status: StatusView, batch: string, asked: string | undefined): RunningChoice {
  const known = [
    ...new Set(status.nodes.filter(({ state }) => state === 'alive').flatMap(({ profiles }) => profiles)),
  ].sort()
  const profile = asked ?? findBatch(status, batch)?.profile
  if (profile !== undefined) {
    if (known.includes(profile)) return { profile }
    return { profile, waits: true, note: describeUnknown(profile, known) }
  }
  const [only, ...others] = known
  if (only === undefined) {
    const note = 'no node runs anything now: these prompts will wait for one that runs sketch'
    return { profile: 'sketch', waits: true, note }
  }
  if (others.length > 0) {
    const message = `the nodes run several profiles: ${known.join(', ')}; choose one with --profile NAME`
    throw new MeshError('MESH_PROFILE_UNKNOWN', message)
  }
  if (only !== 'sketch') return { profile: only }
  return {
    profile: only,
    note: 'no profile is configured: using sketch, the built-in executor that draws without a model',
  }
}

function describeUnknown(profile: string, known: readonly string[]): string {
  const meant = nearest(profile, known)
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`
  const list = known.length === 0 ? 'nothing' : known.join(', ')
  return `no node can run the profile ${profile} now${hint} (nodes run ${list})`
}

export function findBatch(status: StatusView, name: string): BatchView | undefined {
  return status.batches.find((batch) => batch.name === name)
}

/** What a batch that exists does not take from the request. */
export function keptSettings(batch: BatchView | undefined, request: SeedRequest): string[] {
  if (batch === undefined) return []
  const { profile, priority, maxAttempts, timeoutMs } = request
  const flags: string[] = []
  if (priority !== undefined && priority !== batch.priority) flags.push('--priority')
  if (maxAttempts !== undefined) flags.push('--max-attempts')
  if (timeoutMs !== undefined) flags.push('--task-timeout')
  const notes: string[] = []
  if (profile !== batch.profile) {
    notes.push(`batch ${batch.name} was seeded for ${batch.profile} before: for ${profile} its prompts are other tasks`)
  }
  if (flags.length > 0) {
    notes.push(`batch ${batch.name} keeps the settings that it was created with, not those of ${flags.join(', ')}`)
  }
  return notes
}
