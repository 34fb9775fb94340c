/** What ids are hashes of: deterministic CBOR, so equal parameters in another order are equal. */
import type { Params } from '../core/facts.ts'
import { encodeFields } from './cbor.ts'
import { fromHex } from './hex.ts'

/** What a task id is a hash of. `input` (an artifact the task starts from) is part of the identity and null until tasks can have one. */
export function encodeTaskIdentity(
  batch: string,
  prompt: string,
  params: Params,
  profile: string,
  occurrence: number,
): Uint8Array {
  const input = null
  return encodeFields([fromHex(batch), prompt, params, input, profile, occurrence])
}

/** What a batch id is a hash of. */
export function encodeBatchIdentity(meshId: string, name: string, generation: number): Uint8Array {
  return encodeFields([fromHex(meshId), name, generation])
}
