/** What the injection of a fault works with. */
import type { PoolFact } from './fact-pool.ts'
import type { DiskDamage } from './observer.ts'
import type { SimNode } from './process.ts'
import type { Random } from './random.ts'
import type { Target } from './schedule.ts'
import type { Surroundings } from './surroundings.ts'

export interface InjectionOptions {
  readonly surroundings: Surroundings
  readonly nodes: readonly SimNode[]
  readonly random: Random
  /** A machine with a copy of that node's disk; undefined where there is none left. */
  readonly clone: (node: SimNode) => SimNode | undefined
}

/** Takes back what lasts of a fault. */
export type TakeBack = () => void
export const nothing: TakeBack = () => undefined

export class Injection {
  readonly nodes: readonly SimNode[]
  readonly surroundings: Surroundings
  readonly random: Random
  readonly clone: InjectionOptions['clone']
  /** Faults are over: what is still to come of them does not come. */
  healed = false

  constructor({ surroundings, nodes, random, clone }: InjectionOptions) {
    this.surroundings = surroundings
    this.nodes = nodes
    this.random = random
    this.clone = clone
  }

  node(index: number): SimNode {
    const node = this.nodes[index]
    if (node === undefined) throw new RangeError(`a fault of node ${index}, which is not there`)
    return node
  }

  get everyone(): number[] {
    return this.nodes.map(({ index }) => index)
  }

  later<T>(delayMs: number, target: Target<T>, what: T): void {
    const { schedule } = this.surroundings
    schedule.at(schedule.nowMs + delayMs, target, what)
  }

  block(ways: readonly (readonly [number, number])[]): TakeBack {
    const { links } = this.surroundings.network
    for (const [from, to] of ways) links.block(from, to)
    return () => {
      for (const [from, to] of ways) links.open(from, to)
    }
  }

  /** Nothing reaches that machine, and nothing leaves it. */
  isolate(node: SimNode): TakeBack {
    return this.block(waysBetween([node.index], this.everyone, false))
  }

  freeze(node: SimNode): TakeBack {
    const { starts } = node
    node.freeze()
    return () => {
      if (node.starts === starts) node.thaw()
    }
  }

  kill(node: SimNode, downMs: number): void {
    if (!node.up || node.retired) return
    node.crash()
    node.startIn(downMs)
  }

  wipe(node: SimNode): void {
    const lost = [...node.disk.facts.all()]
    node.disk.wipe()
    this.tell(node, 'wiped', lost)
  }

  tell(node: SimNode, damage: DiskDamage, lost: readonly PoolFact[]): void {
    for (const observer of this.surroundings.observers.of('damaged')) observer.damaged(node, damage, lost)
  }
}

export function waysBetween(from: readonly number[], to: readonly number[], oneWay: boolean): [number, number][] {
  const ways: [number, number][] = []
  for (const a of from) {
    for (const b of to) {
      if (a === b) continue
      ways.push([a, b])
      if (!oneWay) ways.push([b, a])
    }
  }
  return ways
}
