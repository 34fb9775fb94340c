/** I4: tokens never repeat: two claims of one token are the same claim, and a token is executed once. */
import type { Writes } from '../../../src/core/effects.ts'
import type { Token } from '../../../src/core/ids.ts'
import type { PoolFact } from '../fact-pool.ts'
import type { ExecutionRecord } from '../history.ts'
import type { SimNode } from '../process.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

export class Tokens implements Checker {
  readonly #world: World
  readonly #claims = new Map<Token, string>()

  constructor(world: World) {
    this.#world = world
  }

  durable(node: SimNode, _writes: Writes, added: readonly PoolFact[]): void {
    for (const { fact } of added) {
      if (fact.kind !== 'claimed') continue
      const claim = `task ${fact.task} by ${fact.holder} in its boot ${fact.holderBoot}`
      const known = this.#claims.get(fact.token)
      this.#claims.set(fact.token, claim)
      if (known !== undefined && known !== claim)
        this.#world.report('I4', `token ${fact.token} claims ${claim} on node ${node.index}, and ${known}`)
    }
  }

  executionBegan({ token }: ExecutionRecord): void {
    const times = this.#world.history.ofToken(token).length
    if (times > 1) this.#world.report('I4', `token ${token} was executed ${times} times`)
  }
}
