/** A small mesh where nothing goes wrong but what a test does to it, for tests of what takes several real cores. */
import type { Effect } from '../../src/core/effects.ts'
import type { NodeId } from '../../src/core/ids.ts'
import type { MemberEntry } from '../../src/core/membership.ts'
import type { CoreMemberView } from '../../src/core/view.ts'
import { compose, type Parts } from './cases.ts'
import type { SimNode } from './process.ts'
import type { Question, Reply } from './requests.ts'
import { World } from './world.ts'

export class CalmWorld {
  readonly world: World
  /** Every effect of every node, with when it was asked for. */
  readonly effects: { readonly node: SimNode; readonly effect: Effect; readonly atMs: number }[] = []
  readonly problems: string[] = []
  /** The schedule stands at what happened last; this is where the test is. */
  #untilMs = 0

  constructor({
    tasks = 1,
    ...parts
  }: Pick<Parts, 'machines' | 'conditions' | 'faults'> & { readonly tasks?: number }) {
    const scenario = compose({ ...parts, options: { seed: 1 }, tasks, checked: true })
    this.world = new World({ scenario, report: (rule, message) => this.problems.push(`${rule}: ${message}`) })
    const record = (node: SimNode, effect: Effect) => {
      this.effects.push({ node, effect, atMs: this.world.schedule.nowMs })
    }
    this.world.watch({ effect: record })
    this.world.begin()
  }

  get nowMs(): number {
    return this.world.schedule.nowMs
  }

  node(index: number): SimNode {
    const node = this.world.nodes[index]
    if (node === undefined) throw new RangeError(`no node ${index}`)
    return node
  }

  run(forMs: number): this {
    this.#untilMs = Math.max(this.#untilMs, this.nowMs) + forMs
    this.world.run(this.#untilMs, () => false)
    return this
  }

  /** Asks a node, and lets time pass until it has answered or for a minute. */
  ask(index: number, question: Question): Reply | undefined {
    let heard: Reply | undefined
    let isOver = false
    this.world.desk.ask(this.node(index), question, (reply) => {
      heard = reply
      isOver = true
    })
    this.world.run(this.nowMs + 61_000, () => isOver)
    return heard
  }

  /** What one node's disk says of another. */
  entry(on: number, of: number): MemberEntry | undefined {
    return this.node(on).disk.members.get(this.node(of).id)
  }

  /** What one node holds of another. */
  view(on: number, of: NodeId): CoreMemberView | undefined {
    return this.node(on)
      .core?.view()
      .members.find(({ id }) => id === of)
  }

  /** Of a node's effects, those of a type. */
  effectsOf<T extends Effect['type']>(index: number, type: T): Extract<Effect, { type: T }>[] {
    return this.effects.flatMap(({ node, effect }) =>
      node.index === index && effect.type === type ? [effect as Extract<Effect, { type: T }>] : [],
    )
  }
}
