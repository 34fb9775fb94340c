/** What ids are hashes of: deterministic CBOR, so equal parameters in another order are equal. */
import type { Params } from '../core/facts.ts'
import { MESH_SETTINGS } from '../core/settings.ts'
import { ByteWriter } from './byte-writer.ts'
import { encodeParams } from './facts.ts'

const BATCH_NAME_BYTES_MAX = 512
/** As in facts. */
const PROFILE_BYTES_MAX = 128
const writer = new ByteWriter()

/** What a task id is a hash of. @throws CodecError where prompt or parameters are over their limit or not well-formed */
export function encodeTaskIdentity(
  batch: string,
  prompt: string,
  params: Params,
  profile: string,
  occurrence: number,
): Uint8Array {
  writer.begin().array(6).hex(batch, 8).text(prompt, MESH_SETTINGS.promptBytesMax).encoded(encodeParams(params))
  // The artifact that a task starts from belongs here; no task has one yet.
  writer.null()
  return writer.text(profile, PROFILE_BYTES_MAX).uint(occurrence).take()
}

/** What a batch id is a hash of. */
export function encodeBatchIdentity(meshId: string, name: string, generation: number): Uint8Array {
  return writer.begin().array(3).hex(meshId, 8).text(name, BATCH_NAME_BYTES_MAX).uint(generation).take()
}
