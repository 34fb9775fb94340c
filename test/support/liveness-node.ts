/** One Liveness machine in a test: it ticks whenever it wants to, and what it did is kept with its time. */
import type { NodeId } from '../../src/core/ids.ts'
import { Liveness } from '../../src/core/liveness.ts'
import type { LivenessAction, PeerState, Rumour } from '../../src/core/peer.ts'
import { type Ring, ringOf } from '../../src/core/ring.ts'
import { sha256 } from './arbitraries.ts'

type ActionOf<T extends LivenessAction['type']> = Extract<LivenessAction, { type: T }>

export const nodeIds = (count: number): NodeId[] =>
  Array.from({ length: count }, (_, at) => `n${String(at).padStart(3, '0')}`)

export class LivenessNode {
  readonly self: NodeId
  readonly ring: Ring
  readonly liveness: Liveness
  nowMs = 0
  ticks = 0
  readonly done: { readonly atMs: number; readonly action: LivenessAction }[] = []
  /** Those who beat this node every second as time goes by. */
  readonly beating = new Set<NodeId>()
  /** What members answer who are asked about others; those who beat say that they did not reach it. */
  readonly answering = new Map<NodeId, boolean | undefined>()

  constructor(self: NodeId, members: readonly NodeId[]) {
    this.self = self
    this.ring = ringOf(members, sha256)
    this.liveness = new Liveness(self, this.ring)
    this.setMembers(members)
  }

  setMembers(members: readonly NodeId[], incarnations: { readonly [id: NodeId]: number } = {}): void {
    const list = members.map((id) => ({ id, incarnation: incarnations[id] ?? 1 }))
    this.liveness.members(list, ringOf(members, sha256), this.nowMs)
    this.settle()
  }

  get others(): NodeId[] {
    return this.ring.members.filter((id) => id !== this.self)
  }

  connect(...some: readonly NodeId[]): this {
    for (const id of some) this.liveness.connected(id, this.nowMs)
    this.settle()
    this.done.length = 0
    return this
  }

  connectAll(): this {
    return this.connect(...this.others)
  }

  /** All others beat this node, but those named. */
  beatExcept(...silent: readonly NodeId[]): this {
    for (const id of this.others) if (!silent.includes(id)) this.beating.add(id)
    return this
  }

  settle(): void {
    this.ticks++
    for (const action of this.liveness.tick(this.nowMs)) {
      this.done.push({ atMs: this.nowMs, action })
      if (action.type !== 'probe' || action.ask === action.about) continue
      const otherwise = this.beating.has(action.ask) ? false : undefined
      const reached = this.answering.has(action.ask) ? this.answering.get(action.ask) : otherwise
      if (reached !== undefined) this.liveness.probed(action.ask, action.about, reached, this.nowMs)
    }
  }

  runUntil(atMs: number): this {
    while (this.nowMs < atMs) {
      const beatMs = 1_000 * Math.floor(this.nowMs / 1_000 + 1)
      this.nowMs = Math.min(atMs, beatMs, Math.max(this.liveness.nextMs, this.nowMs + 1))
      if (this.nowMs === beatMs) for (const id of this.beating) this.liveness.heard(id, this.nowMs)
      this.settle()
    }
    return this
  }

  run(ms: number): this {
    return this.runUntil(this.nowMs + ms)
  }

  state(id: NodeId): PeerState | undefined {
    return this.liveness.get(id)?.state
  }

  actions<T extends LivenessAction['type']>(type: T): ActionOf<T>[] {
    return this.done.map(({ action }) => action).filter((action) => action.type === type) as ActionOf<T>[]
  }

  times(type: LivenessAction['type'], to?: NodeId): number[] {
    const isIt = ({ action }: { action: LivenessAction }) =>
      action.type === type && (to === undefined || ('to' in action && action.to === to))
    return this.done.filter(isIt).map(({ atMs }) => atMs)
  }

  /** When a peer came into a state. */
  becameMs(id: NodeId, state: string): number | undefined {
    return this.done.find(({ action }) => action.type === 'changed' && action.id === id && action.to === state)?.atMs
  }
}

/** A rumour that holds some for dead by silence. */
export const rumourBy = (by: NodeId, dead: readonly NodeId[], more: Partial<Rumour> = {}): Rumour => ({
  by,
  incarnation: 1,
  seq: 1,
  storing: true,
  dead: dead.map((id) => ({ id, incarnation: 1, why: 'silence' })),
  ...more,
})
