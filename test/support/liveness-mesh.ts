/**
 * A network of Liveness machines in simulated time: connections, dials, refusals, gossip, and faults in all of them.
 *
 * It is harsher than TCP: what is sent over a cut link is gone, and nobody is told that it was cut. After each action it
 * checks what must always hold of actions.
 */

import { Heap } from '../../src/core/heap.ts'
import type { NodeId } from '../../src/core/ids.ts'
import { Liveness } from '../../src/core/liveness.ts'
import type { LivenessAction, PeerState, Rumour, Why } from '../../src/core/peer.ts'
import { type Ring, ringOf } from '../../src/core/ring.ts'
import { sha256 } from './arbitraries.ts'

/** `down`: its machine refuses; `off`: its machine is silent; `paused`: it takes everything in and does nothing. */
type Power = 'up' | 'down' | 'off' | 'paused'

interface Node {
  readonly id: NodeId
  liveness: Liveness
  power: Power
  incarnation: number
  storing: boolean
  pausedMs: number
  /** What came while it was paused. */
  inbox: (() => void)[]
  wakeMs: number
  loadMs: number
}

type Wire =
  | { readonly type: 'beat'; readonly boot: string; readonly incarnation: number; readonly storing: boolean }
  | { readonly type: 'hello'; readonly boot: string; readonly incarnation: number }
  | { readonly type: 'probe'; readonly about: NodeId }
  | { readonly type: 'probed'; readonly about: NodeId; readonly reached: boolean }

export interface Change {
  readonly atMs: number
  readonly at: NodeId
  readonly id: NodeId
  readonly from: PeerState
  readonly to: PeerState
  readonly why: Why
}

export interface MeshOptions {
  readonly seed?: number
  /** Share of gossip messages that each node misses. */
  readonly gossipLoss?: number
  /** Between what each node gossips of its load. */
  readonly loadMs?: number
}

const CONNECT_TIMEOUT_MS = 3_000

export class LivenessMesh {
  nowMs = 0
  readonly nodes = new Map<NodeId, Node>()
  readonly changes: Change[] = []
  /** Every action, as text: equal traces mean equal runs. */
  readonly trace: string[] = []
  readonly rumours: Rumour[] = []
  readonly counts = new Map<LivenessAction['type'], number>()
  readonly #events = new Heap<{ atMs: number; order: number; run: () => void }>(
    (a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order),
  )
  /** `a>b`: the connection that a believes to have with b. */
  readonly #halves = new Map<string, number>()
  readonly #dialling = new Set<string>()
  /** `a>b`: what a sends never reaches b. */
  readonly #cuts = new Set<string>()
  readonly #options: Required<MeshOptions>
  readonly ring: Ring
  #order = 0
  #connections = 0
  #seed: number

  constructor(ids: readonly NodeId[], options: MeshOptions = {}) {
    this.#options = { seed: 1, gossipLoss: 0, loadMs: 2_000, ...options }
    this.#seed = this.#options.seed
    this.ring = ringOf(ids, sha256)
    for (const id of ids) {
      const node: Node = {
        id,
        liveness: new Liveness(id, this.ring),
        power: 'off',
        incarnation: 0,
        storing: true,
        pausedMs: 0,
        inbox: [],
        wakeMs: Number.POSITIVE_INFINITY,
        loadMs: 0,
      }
      this.nodes.set(id, node)
    }
  }

  get ids(): NodeId[] {
    return [...this.nodes.keys()]
  }

  node(id: NodeId): Node {
    const node = this.nodes.get(id)
    if (node === undefined) throw new TypeError(`no node ${id}`)
    return node
  }

  /** Mulberry32. */
  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), this.#seed | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  #after(ms: number, run: () => void): void {
    this.#events.push({ atMs: this.nowMs + ms, order: this.#order++, run })
  }

  #latency(): number {
    return 1 + Math.floor(this.random() * 40)
  }

  /** Starts a node anew; members that hear of it know its incarnation at once. */
  start(id: NodeId): void {
    const node = this.node(id)
    node.power = 'up'
    node.incarnation++
    node.liveness = new Liveness(id, this.ring)
    node.inbox = []
    node.loadMs = this.nowMs + Math.floor(this.random() * this.#options.loadMs)
    this.#tellMembers(node)
    for (const other of this.nodes.values()) if (other.power === 'up' && other !== node) this.#tellMembers(other)
    this.#step(node)
    this.#gossipLoad(node, node.incarnation)
  }

  startAll(): void {
    for (const id of this.ids) this.start(id)
  }

  #tellMembers(node: Node): void {
    const members = this.ids.map((id) => ({ id, incarnation: this.node(id).incarnation }))
    node.liveness.members(members, this.ring, this.nowMs)
  }

  /** Its process ends, and its machine closes what it had. */
  kill(id: NodeId): void {
    this.node(id).power = 'down'
    for (const other of this.ids) {
      this.#dialling.delete(`${id}>${other}`)
      if (this.#halves.delete(`${id}>${other}`)) this.#after(this.#latency(), () => this.#closed(id, other))
    }
  }

  /** Its machine loses power. */
  cutPower(id: NodeId): void {
    this.node(id).power = 'off'
    for (const other of this.ids) {
      this.#dialling.delete(`${id}>${other}`)
      this.#halves.delete(`${id}>${other}`)
    }
  }

  pause(id: NodeId): void {
    const node = this.node(id)
    node.power = 'paused'
    node.pausedMs = this.nowMs
  }

  resume(id: NodeId): void {
    const node = this.node(id)
    node.power = 'up'
    node.liveness.gap(this.nowMs - node.pausedMs, this.nowMs)
    const inbox = node.inbox
    node.inbox = []
    for (const take of inbox) take()
    this.#step(node)
    this.#gossipLoad(node, node.incarnation)
  }

  /** Nothing that `from` sends reaches `to`. */
  cut(from: NodeId, to: NodeId): void {
    this.#cuts.add(`${from}>${to}`)
  }

  mend(from: NodeId, to: NodeId): void {
    this.#cuts.delete(`${from}>${to}`)
  }

  cutBetween(some: readonly NodeId[], others: readonly NodeId[]): void {
    for (const a of some)
      for (const b of others)
        for (const [from, to] of [
          [a, b],
          [b, a],
        ] as const)
          this.cut(from, to)
  }

  mendAll(): void {
    this.#cuts.clear()
  }

  /** The connection between two nodes breaks, and both are told. */
  breakConnection(a: NodeId, b: NodeId): void {
    this.#closed(a, b)
    this.#closed(b, a)
  }

  connectionsOf(id: NodeId): number {
    return this.ids.filter((other) => this.#halves.has(`${id}>${other}`)).length
  }

  runUntil(atMs: number): void {
    for (let next = this.#events.peek(); next !== undefined && next.atMs <= atMs; next = this.#events.peek()) {
      this.#events.pop()
      this.nowMs = next.atMs
      next.run()
    }
    this.nowMs = atMs
  }

  run(ms: number): void {
    this.runUntil(this.nowMs + ms)
  }

  /** What a node thinks of another. */
  stateAt(at: NodeId, id: NodeId): PeerState | undefined {
    return this.node(at).liveness.get(id)?.state
  }

  /** What the running nodes think of another. */
  statesOf(id: NodeId): (PeerState | undefined)[] {
    return this.ids.filter((at) => at !== id && this.node(at).power === 'up').map((at) => this.stateAt(at, id))
  }

  changesOf(id: NodeId, to: PeerState): Change[] {
    return this.changes.filter((change) => change.id === id && change.to === to)
  }

  #isOpen(from: NodeId, to: NodeId): boolean {
    return !this.#cuts.has(`${from}>${to}`)
  }

  /** Has a node take something in, now or when it is not paused any more. */
  #give(id: NodeId, take: (liveness: Liveness) => void): void {
    const node = this.node(id)
    const { liveness } = node
    if (node.power === 'paused') node.inbox.push(() => take(liveness))
    if (node.power !== 'up') return
    take(liveness)
    this.#step(node)
  }

  /** The connection that `to` had with `from` is no more. */
  #closed(from: NodeId, to: NodeId): void {
    if (!this.#isOpen(from, to)) return
    if (this.#halves.delete(`${to}>${from}`)) this.#give(to, (liveness) => liveness.disconnected(from, this.nowMs))
  }

  #step(node: Node): void {
    for (const action of node.liveness.tick(this.nowMs)) this.#act(node, action)
    this.#wake(node)
  }

  #wake(node: Node): void {
    const { liveness } = node
    const atMs = Math.max(liveness.nextMs, this.nowMs + 1)
    if (node.wakeMs > this.nowMs && node.wakeMs <= atMs) return
    node.wakeMs = atMs
    this.#after(atMs - this.nowMs, () => {
      if (node.liveness !== liveness) return
      if (node.wakeMs === this.nowMs) node.wakeMs = Number.POSITIVE_INFINITY
      if (node.power === 'paused') node.inbox.push(() => this.#step(node))
      else if (node.power === 'up') this.#step(node)
    })
  }

  #act(node: Node, action: LivenessAction): void {
    this.trace.push(`${this.nowMs} ${node.id} ${JSON.stringify(action)}`)
    this.counts.set(action.type, 1 + (this.counts.get(action.type) ?? 0))
    const { id } = node
    switch (action.type) {
      case 'beat': {
        const { incarnation, storing } = node
        return this.#send(id, action.to, { type: 'beat', boot: this.#boot(node), incarnation, storing })
      }
      case 'probe':
        return this.#send(id, action.ask, { type: 'probe', about: action.about })
      case 'probed':
        return this.#send(id, action.to, { type: 'probed', about: action.about, reached: action.reached })
      case 'dial':
        return this.#dial(id, action.to)
      case 'knock':
        return this.#knock(id, action.to)
      case 'hang-up':
        this.#hangUp(id, action.to)
        return
      case 'rumour':
        this.rumours.push(action.rumour)
        return this.#gossip(id, (liveness) => liveness.rumour(action.rumour, this.nowMs))
      case 'changed':
        this.changes.push({ atMs: this.nowMs, at: id, ...action })
    }
  }

  #boot(node: Node): string {
    return `${node.id}#${node.incarnation}`
  }

  #send(from: NodeId, to: NodeId, wire: Wire): void {
    const connection = this.#halves.get(`${from}>${to}`)
    if (connection === undefined) return
    this.#after(this.#latency(), () => {
      if (!this.#isOpen(from, to) || this.node(to).power === 'off') return
      if (this.#halves.get(`${to}>${from}`) !== connection) return this.#closed(to, from)
      this.#give(to, (liveness) => this.#receive(liveness, from, wire))
    })
  }

  #receive(liveness: Liveness, from: NodeId, wire: Wire): void {
    const { nowMs } = this
    liveness.heard(from, nowMs)
    if (wire.type === 'beat') liveness.beat(from, wire, nowMs)
    if (wire.type === 'hello') liveness.greeted(from, wire.boot, wire.incarnation, nowMs)
    if (wire.type === 'probe') liveness.asked(from, wire.about, nowMs)
    if (wire.type === 'probed') liveness.probed(from, wire.about, wire.reached, nowMs)
  }

  #dial(from: NodeId, to: NodeId): void {
    const key = `${from}>${to}`
    if (this.#dialling.has(key)) throw new Error(`${key} is dialled twice at ${this.nowMs}`)
    if (this.node(from).liveness.get(to)?.connected) throw new Error(`${key} is dialled though connected`)
    this.#dialling.add(key)
    const { incarnation } = this.node(from)
    const end = (take: (liveness: Liveness) => void) => {
      if (this.node(from).incarnation !== incarnation || !this.#dialling.delete(key)) return
      this.#give(from, take)
    }
    const isReachable = () => this.#isOpen(from, to) && this.#isOpen(to, from) && this.node(to).power !== 'off'
    this.#after(this.#latency(), () => {
      if (!isReachable())
        this.#after(CONNECT_TIMEOUT_MS, () => end((liveness) => liveness.dialFailed(to, false, this.nowMs)))
      else if (this.node(to).power === 'down') end((liveness) => liveness.dialFailed(to, true, this.nowMs))
      // A handshake needs the process; that of a paused one ends when it goes on, or never.
      else if (this.node(to).power === 'paused')
        this.#after(CONNECT_TIMEOUT_MS, () => end((liveness) => liveness.dialFailed(to, false, this.nowMs)))
      else if (this.node(from).power === 'up' || this.node(from).power === 'paused')
        end((liveness) => this.#connect(from, to, liveness))
    })
  }

  /** Both ends have one connection, whatever each had before. */
  #connect(from: NodeId, to: NodeId, liveness: Liveness): void {
    const connection = ++this.#connections
    this.#halves.set(`${from}>${to}`, connection)
    this.#halves.set(`${to}>${from}`, connection)
    this.#dialling.delete(`${to}>${from}`)
    liveness.connected(to, this.nowMs)
    this.#give(to, (other) => other.connected(from, this.nowMs))
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      const node = this.node(one)
      this.#send(one, other, { type: 'hello', boot: this.#boot(node), incarnation: node.incarnation })
    }
  }

  #knock(from: NodeId, to: NodeId): void {
    const isReachable = this.#isOpen(from, to) && this.#isOpen(to, from) && this.node(to).power !== 'off'
    const refused = isReachable && this.node(to).power === 'down'
    const ms = isReachable ? this.#latency() : CONNECT_TIMEOUT_MS
    this.#after(ms, () => this.#give(from, (liveness) => liveness.knocked(to, refused, this.nowMs)))
  }

  #hangUp(from: NodeId, to: NodeId): void {
    if (!this.#halves.delete(`${from}>${to}`)) return
    this.#after(this.#latency(), () => this.#closed(from, to))
    this.#after(1, () => this.#give(from, (liveness) => liveness.disconnected(to, this.nowMs)))
  }

  /** To all that connections lead to, near and far. */
  #gossip(from: NodeId, take: (liveness: Liveness) => void): void {
    const reached = new Set([from])
    for (const at of reached) {
      for (const to of this.ids) {
        if (reached.has(to) || this.node(to).power !== 'up' || !this.#isOpen(at, to)) continue
        const connection = this.#halves.get(`${at}>${to}`)
        if (connection !== undefined && this.#halves.get(`${to}>${at}`) === connection) reached.add(to)
      }
    }
    reached.delete(from)
    for (const to of reached) {
      if (this.random() >= this.#options.gossipLoss) this.#after(5 * this.#latency(), () => this.#give(to, take))
    }
  }

  #gossipLoad(node: Node, incarnation: number): void {
    this.#after(Math.max(1, node.loadMs - this.nowMs), () => {
      if (node.incarnation !== incarnation || node.power !== 'up') return
      node.loadMs = this.nowMs + this.#options.loadMs
      this.#gossip(node.id, (liveness) => liveness.heardOf(node.id, this.nowMs))
      this.#gossipLoad(node, incarnation)
    })
  }
}
