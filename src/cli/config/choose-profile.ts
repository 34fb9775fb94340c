/** Decides which profile prompts are seeded for when nobody, or somebody, says so. */
import { MeshError } from '../../core/errors.ts'
import { nearest } from '../../intake/nearest.ts'
import type { LoadedConfig } from './load.ts'

export interface ProfileChoice {
  readonly profile: string
  /** A line for people where the choice may surprise. */
  readonly note?: string
}

/**
 * The profile that was asked for (`--profile`, PROMPTMESH_PROFILE or the key `profile`), else the only configured one.
 * @throws MESH_PROFILE_UNKNOWN no profile has that name, or several are configured and none was chosen
 */
export function chooseProfile(config: LoadedConfig, flag?: string): ProfileChoice {
  const names = Object.keys(config.values.profiles).sort()
  const asked = flag ?? config.values.profile
  if (asked !== undefined) {
    if (names.includes(asked)) return { profile: asked }
    throw new MeshError('MESH_PROFILE_UNKNOWN', describeUnknown(asked, names))
  }
  const [only, ...others] = names
  if (only === undefined || others.length > 0) {
    const message = `several profiles are configured: ${names.join(', ')}; choose one with --profile NAME`
    throw new MeshError('MESH_PROFILE_UNKNOWN', message)
  }
  if (config.origins[`profiles.${only}`]?.source !== 'default') return { profile: only }
  return {
    profile: only,
    note: `no profile is configured: using ${only}, the built-in executor that draws without a model`,
  }
}

function describeUnknown(asked: string, names: readonly string[]): string {
  const meant = nearest(asked, names)
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`
  return `no profile "${asked}" is configured${hint}; configured: ${names.join(', ')}`
}
