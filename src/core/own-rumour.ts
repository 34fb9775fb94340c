/**
 * What this node tells the others of liveness: whom it holds for dead, and whether it can store.
 *
 * 1. Told are those deaths alone of which this node has evidence of its own, of members whose silence it judges.
 * 2. A node in trouble accuses nobody: until that has passed it takes back what was wrong and adds nothing.
 * 3. A rumour comes when it differs from the last, again every 30 s while it says something, and when this node was
 *    held for dead: whoever hears its own word knows better. Never two within a second.
 */
import { LIVENESS } from './liveness-settings.ts'
import type { LivenessWorld } from './liveness-world.ts'
import type { Peer, Rumour, RumouredDeath } from './peer.ts'

const NEVER = Number.NEGATIVE_INFINITY

export class OwnRumour {
  readonly #world: LivenessWorld
  #said: Rumour
  #saidMs = NEVER
  #isDue = false
  storing = true
  /** Of this node. */
  incarnation = 0

  constructor(world: LivenessWorld) {
    this.#world = world
    this.#said = { by: world.self, incarnation: 0, seq: 0, storing: true, dead: [] }
  }

  /** Where a rumour holds this node for dead, as it runs now, it speaks up: to its author, and at the next look to all. */
  deny({ dead }: Rumour, author: Peer): void {
    const { self, out } = this.#world
    if (!dead.some(({ id, incarnation }) => id === self && incarnation >= this.incarnation)) return
    out({ type: 'held-for-dead' })
    if (author.connected) out({ type: 'beat', to: author.id })
    this.#isDue = true
  }

  /** Says what is due of `deaths`, ascending by id; answers when to look again. */
  look(deaths: readonly RumouredDeath[]): number {
    const { nowMs, stretch } = this.#world
    const dead = (stretch === 1 ? deaths : deaths.filter((death) => this.#hasSaid(death))).slice(
      0,
      LIVENESS.rumourNamesMax,
    )
    const saysSomething = dead.length > 0 || !this.storing
    const repeatMs = saysSomething ? this.#saidMs + LIVENESS.rumourRepeatMs : Number.POSITIVE_INFINITY
    if (!this.#isDue && !this.#differs(dead) && nowMs < repeatMs) return repeatMs
    const pauseEndsMs = this.#saidMs + LIVENESS.rumourPauseMs
    if (nowMs < pauseEndsMs) return pauseEndsMs
    this.#say(dead)
    return nowMs + LIVENESS.rumourRepeatMs
  }

  #say(dead: readonly RumouredDeath[]): void {
    const { self, nowMs, out } = this.#world
    const { incarnation, storing } = this
    this.#said = { by: self, incarnation, seq: this.#said.seq + 1, storing, dead }
    this.#saidMs = nowMs
    this.#isDue = false
    out({ type: 'rumour', rumour: this.#said })
  }

  #hasSaid(death: RumouredDeath): boolean {
    return this.#said.dead.some((said) => isSame(said, death))
  }

  #differs(dead: readonly RumouredDeath[]): boolean {
    const said = this.#said
    if (said.storing !== this.storing || said.dead.length !== dead.length) return true
    // What was said under an earlier incarnation counts no more.
    if (!this.storing && said.incarnation !== this.incarnation) return true
    return dead.some((death, at) => !isSame(death, said.dead[at] as RumouredDeath))
  }
}

function isSame(a: RumouredDeath, b: RumouredDeath): boolean {
  return a.id === b.id && a.incarnation === b.incarnation && a.why === b.why
}
