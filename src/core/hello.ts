/**
 * What two nodes tell each other first, and whether they go together (protocol.md, section 1).
 *
 * 1. Nothing else of a peer is heard before its hello was accepted.
 * 2. Refused, with the reason: another mesh, no common version, other settings of ring and fold, an id that lives twice.
 */
import { encodeValue } from '../codec/cbor.ts'
import type { Sha256 } from './ids.ts'
import type { MessageOf } from './messages.ts'
import type { MeshSettings } from './settings.ts'

/** Versions of the protocol that this program speaks. */
export const PROTOCOL = { versionMin: 1, versionMax: 1 } as const

export type Refusal = MessageOf<'refused'>['why']

/** 16 hex digits over the settings that shape ring and fold: nodes with others would never agree. */
export function settingsHash(settings: MeshSettings, sha256: Sha256): string {
  const { attemptsPerRoundMax, blamedLossesMax, maxAttempts } = settings
  return sha256(encodeValue([attemptsPerRoundMax, blamedLossesMax, maxAttempts])).slice(0, 16)
}

/** Why a peer is not accepted; undefined where it is. */
export function refusalOf(mine: MessageOf<'hello'>, theirs: MessageOf<'hello'>): Refusal | undefined {
  if (mine.meshId !== theirs.meshId) return 'mesh'
  if (theirs.versionMax < mine.versionMin || theirs.versionMin > mine.versionMax) return 'version'
  return mine.settingsHash === theirs.settingsHash ? undefined : 'settings'
}
