/** Ways to alter what a core asks for, for planted bugs. */
import { encodeMessage } from '../../src/codec/messages.ts'
import type { Effect } from '../../src/core/effects.ts'
import { makeFact } from '../../src/core/fact-record.ts'
import type { Fact, StoredFact } from '../../src/core/facts.ts'
import type { Message } from '../../src/core/messages.ts'
import { sha256 } from './fact-pool.ts'
import { messageOf } from './message-reader.ts'

type Of<T extends Effect['type']> = Extract<Effect, { type: T }>

/** The effects with those of one type altered, doubled or left out. */
export function altered<T extends Effect['type']>(
  effects: readonly Effect[],
  type: T,
  alter: (effect: Of<T>) => readonly Effect[],
): readonly Effect[] {
  if (effects.every((effect) => effect.type !== type)) return effects
  return effects.flatMap((effect) => (effect.type === type ? alter(effect as Of<T>) : [effect]))
}

/** The effects with other facts to be written. */
export function withFacts(
  effects: readonly Effect[],
  alter: (facts: readonly StoredFact[]) => readonly StoredFact[],
): readonly Effect[] {
  return altered(effects, 'persist', (effect) => [{ ...effect, facts: alter(effect.facts) }])
}

/** The effects with other messages to be sent; an empty list leaves one out. */
export function withMessages(
  effects: readonly Effect[],
  alter: (message: Message) => readonly Message[],
): readonly Effect[] {
  return altered(effects, 'send', (effect) => {
    const message = messageOf(effect.bytes)
    if (message === undefined) return [effect]
    const sent = alter(message)
    return sent.map((each) => (each === message ? effect : { ...effect, bytes: encodeMessage(each) }))
  })
}

export function newFact(fact: Fact): StoredFact {
  return makeFact(fact, sha256)
}
