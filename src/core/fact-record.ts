/** Facts together with the bytes they were born as and the hash that names them. */
import { CodecError } from '../codec/codec-error.ts'
import { decodeFact, encodeFact } from '../codec/facts.ts'
import type { Fact, StoredFact } from './facts.ts'
import type { Sha256 } from './ids.ts'
import type { World } from './world.ts'

/** A new fact, encoded and hashed. @throws CodecError where it is over a limit */
export function makeFact(fact: Fact, sha256: Sha256): StoredFact {
  const bytes = encodeFact(fact)
  return { fact, bytes, hash: sha256(bytes) }
}

/** A fact from bytes that came from a store or a peer. @throws CodecError where they are damaged */
export function readFact(bytes: Uint8Array, sha256: Sha256): StoredFact {
  return { fact: decodeFact(bytes), bytes, hash: sha256(bytes) }
}

/** Those of a peer's facts that can be read; each other is counted as a bad message. */
export function readFacts(facts: readonly Uint8Array[], { sha256, badMessage }: World): StoredFact[] {
  const read: StoredFact[] = []
  for (const bytes of facts) {
    try {
      read.push(readFact(bytes, sha256))
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
      badMessage()
    }
  }
  return read
}
