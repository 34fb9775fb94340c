/**
 * What a prompt does to whoever performs it, decided by the seed and its text alone.
 *
 * normal: takes its time. straggler: takes ten times as long. bad-input, hopeless: fails every time.
 * poison: ends the process that performs it.
 */
import { Random } from './random.ts'

export type Trait = 'normal' | 'straggler' | 'bad-input' | 'hopeless' | 'poison'

export interface PromptConditions {
  readonly stragglers: number
  readonly badInputs: number
  readonly hopeless: number
  readonly poison: number
}

export class Prompts {
  readonly conditions: PromptConditions
  readonly #seed: number
  readonly #traits = new Map<string, Trait>()
  readonly #plain: boolean

  constructor(seed: number, conditions: PromptConditions) {
    this.#seed = seed
    this.conditions = conditions
    const { stragglers, badInputs, hopeless, poison } = conditions
    this.#plain = stragglers + badInputs + hopeless + poison === 0
  }

  traitOf(prompt: string): Trait {
    if (this.#plain) return 'normal'
    let trait = this.#traits.get(prompt)
    if (trait === undefined) {
      trait = this.#draw(new Random(this.#seed, `prompt ${prompt}`).next())
      this.#traits.set(prompt, trait)
    }
    return trait
  }

  #draw(chance: number): Trait {
    const { stragglers, badInputs, hopeless, poison } = this.conditions
    const shares: readonly (readonly [Trait, number])[] = [
      ['straggler', stragglers],
      ['bad-input', badInputs],
      ['hopeless', hopeless],
      ['poison', poison],
    ]
    let left = chance
    for (const [trait, share] of shares) {
      if (left < share) return trait
      left -= share
    }
    return 'normal'
  }
}
