/** What a task id is a hash of: deterministic CBOR, so equal parameters in another order are equal. */
import type { Params } from '../core/facts.ts'
import { encodeFields } from './cbor.ts'
import { fromHex } from './hex.ts'

/** `input` (an artifact the task starts from) is part of the identity and null until tasks can have one. */
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
