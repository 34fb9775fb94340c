/** What a batch is seeded with when the user does not say: its name and its profile. */
import path from 'node:path'
import { MeshError } from '../core/errors.ts'
import type { BatchView, StatusView } from '../node/api.ts'
import type { ProfileChoice } from './config/choose-profile.ts'

/** The name of a file's batch: the file's own, without folder and extensions; `-` is `stdin`. */
export function batchNameOf(file: string): string {
  if (file === '-') return 'stdin'
  const bare = path.basename(file).replace(/\.gz$/i, '')
  const stem = bare.replace(/(?!^)\.[^.]*$/, '')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  const name = stem.replace(/[\\\u0000-\u001f\u007f]/g, '_').replace(/^[.-]+/, '')
  return name.toWellFormed().slice(0, 100).toWellFormed() || 'prompts'
}

/**
 * The profile to seed for at a running node: the one asked for, else that of the batch if it exists, else the
 * only one that the nodes can run.
 * @throws MESH_PROFILE_UNKNOWN the nodes can run several and none was asked for
 */
export function chooseRunningProfile(status: StatusView, batch: string, asked: string | undefined): ProfileChoice {
  const known = [
    ...new Set(status.nodes.filter(({ state }) => state === 'alive').flatMap(({ profiles }) => profiles)),
  ].sort()
  const profile = asked ?? findBatch(status, batch)?.profile
  if (profile !== undefined) {
    if (known.includes(profile)) return { profile }
    const list = known.length === 0 ? 'none' : known.join(', ')
    return {
      profile,
      note: `no node can run the profile ${profile} now (they can run: ${list}): these prompts will wait for one that can`,
    }
  }
  const [only, ...others] = known
  if (only === undefined) {
    return { profile: 'sketch', note: 'no node runs anything now: these prompts will wait for one that runs sketch' }
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

function findBatch(status: StatusView, name: string): BatchView | undefined {
  return status.batches.find((batch) => batch.name === name)
}
