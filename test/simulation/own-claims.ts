/**
 * The claims that owners state, each once: an own claim comes back to its owner from others too, after its slot went to
 * one of them as well.
 */
import type { Effect } from '../../src/core/effects.ts'
import type { ClaimedFact } from '../../src/core/facts.ts'
import { readToken, type Token } from '../../src/core/ids.ts'
import type { SimNode } from './process.ts'

const NONE: readonly ClaimedFact[] = []

export class OwnClaims {
  readonly #known = new Set<Token>()

  /** Those that an effect of a node states for the first time. */
  stated(node: SimNode, effect: Effect): readonly ClaimedFact[] {
    if (effect.type !== 'persist') return NONE
    return effect.facts.flatMap(({ fact }) => {
      if (fact.kind !== 'claimed' || readToken(fact.token).boot !== node.boot || this.#known.has(fact.token))
        return NONE
      this.#known.add(fact.token)
      return [fact]
    })
  }
}
