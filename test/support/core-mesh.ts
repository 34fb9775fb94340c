/**
 * A few real cores in one virtual time, with disks of the simulator: what is sent arrives at once and in order, what is
 * written is synced at once unless a disk is held. Executions run until the test ends them, or their node is asked to.
 */
import type { BatchRecord } from '../../src/core/batches.ts'
import type { AnswerValue, Effect, Execution } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { Token } from '../../src/core/ids.ts'
import { MeshCore } from '../../src/core/mesh-core.ts'
import type { Message } from '../../src/core/messages.ts'
import { MESH_SETTINGS, NODE_SETTINGS } from '../../src/core/settings.ts'
import { TaskNamer } from '../../src/core/task-identity.ts'
import { SimDisk } from '../simulation/disk.ts'
import { FactPool, sha256 } from '../simulation/fact-pool.ts'
import { messageOf } from '../simulation/message-reader.ts'

type Reply = Extract<Effect, { type: 'answer' | 'refuse' }>
type WithoutRequest<E> = E extends unknown ? Omit<E, 'request'> : never
export type Asked = WithoutRequest<Extract<Event, { request: number }>>

const pool = new FactPool()
const profiles = { draw: { places: 2, timeoutMs: 600_000 } }

export class MeshNode {
  readonly id: string
  readonly disk = new SimDisk(pool)
  readonly running = new Map<Token, Execution>()
  readonly killed = new Map<Token, string>()
  readonly replies = new Map<number, Reply>()
  readonly peers = new Set<MeshNode>()
  /** While it is held nothing reaches the disk. */
  held = false
  readonly unsynced: Extract<Effect, { type: 'persist' }>[] = []
  /** While they are slow no read of facts is answered. */
  slowReads = false
  readonly unread: Extract<Effect, { type: 'load' }>[] = []
  core: MeshCore
  starts = 0
  wakeMs = Number.POSITIVE_INFINITY

  constructor(id: string) {
    this.id = id
    this.core = MeshNode.#makeCore()
  }

  static #makeCore(): MeshCore {
    const nodeSettings = { ...NODE_SETTINGS, profiles }
    return new MeshCore({
      settings: MESH_SETTINGS,
      nodeSettings,
      sha256,
      meshId: '00112233aabbccdd',
      random: () => 0.5,
    })
  }

  /** The process begins, anew where it ran before. */
  start(): Event {
    this.core = MeshNode.#makeCore()
    this.running.clear()
    this.unsynced.length = 0
    this.wakeMs = Number.POSITIVE_INFINITY
    const boot = `${this.id}${++this.starts}`.padStart(16, '0')
    const { batches, tallies, promises, incarnation, members, outbox } = this.disk.open()
    const mesh = { name: this.id, incarnation, addresses: [], members, outbox }
    return { type: 'start', nodeId: this.id, boot, batches, tallies, promises, mesh }
  }

  record(name: string): BatchRecord | undefined {
    return [...this.disk.batches].find((record) => record.name === name)
  }

  told(name: string) {
    return this.core.view().batches.find(({ record }) => record.name === name)
  }

  factsOf(batch: string): number {
    return [...this.disk.facts.all()].filter((fact) => fact.batch === batch).length
  }
}

export class CoreMesh {
  readonly nodes: readonly MeshNode[]
  readonly sent: { readonly from: string; readonly to: string; readonly message: Message }[] = []
  /** Whether what a node says gets lost. */
  loses: (from: MeshNode, message: Message) => boolean = () => false
  nowMs = 1_000
  #request = 0
  readonly #queue: { readonly node: MeshNode; readonly event: Event }[] = []

  /** Nodes that know each other and serve, each from an empty disk. */
  constructor(ids: readonly string[], connected = true) {
    this.nodes = ids.map((id) => new MeshNode(id))
    for (const node of this.nodes) this.post(node, node.start())
    if (!connected) return
    this.connectAll()
    this.advance(40_000)
  }

  connectAll(): void {
    for (const a of this.nodes) for (const b of this.nodes) if (a.id < b.id && !a.peers.has(b)) this.connect(a, b)
  }

  connect(a: MeshNode, b: MeshNode): void {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      one.peers.add(other)
      this.#queue.push({ node: one, event: { type: 'connected', peer: other.id } })
    }
    this.#run()
  }

  disconnect(a: MeshNode, b: MeshNode): void {
    a.peers.delete(b)
    b.peers.delete(a)
    this.#queue.push({ node: a, event: { type: 'disconnected', peer: b.id } })
    this.#queue.push({ node: b, event: { type: 'disconnected', peer: a.id } })
    this.#run()
  }

  /** A node's process ends and starts again, without connections. */
  restart(node: MeshNode): void {
    for (const peer of [...node.peers]) this.disconnect(node, peer)
    this.post(node, node.start())
  }

  post(node: MeshNode, event: Event): void {
    this.#queue.push({ node, event })
    this.#run()
  }

  #run(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift())
      for (const effect of next.node.core.step(next.event, this.nowMs)) this.#carryOut(next.node, effect)
  }

  #carryOut(node: MeshNode, effect: Effect): void {
    const tell = (event: Event) => this.#queue.push({ node, event })
    switch (effect.type) {
      case 'persist':
        node.unsynced.push(effect)
        if (!node.held) this.#sync(node)
        return
      case 'send':
        return this.#send(node, effect.to, effect.bytes)
      case 'wake':
        node.wakeMs = effect.atMs
        return
      case 'execute':
        node.running.set(effect.token, effect)
        return
      case 'kill':
        node.killed.set(effect.token, effect.outcome)
        if (node.running.delete(effect.token))
          tell({ type: 'execution-ended', token: effect.token, outcome: effect.outcome, durationMs: 5 })
        return
      case 'answer':
      case 'refuse':
        node.replies.set(effect.request, effect)
        return
      case 'clear-batches':
        node.disk.clear(effect.batches)
        return
      case 'drop-slots':
        node.disk.dropSlots(effect.slots)
        return
      case 'load':
        if (node.slowReads) node.unread.push(effect)
        else tell({ type: 'loaded', load: effect.load, facts: node.disk.readSlots(effect.batch, effect.slots) })
        return
      case 'load-tasks':
        tell({ type: 'loaded', load: effect.load, facts: node.disk.readTasks(effect.batch, effect.tasks) })
        return
      case 'read-index':
        tell({ type: 'index-read', batch: effect.batch, tasks: node.disk.readIndex(effect.batch, false), done: true })
        return
      case 'read-digests':
        tell({ type: 'digests-read', load: effect.load, digests: node.disk.facts.readDigests(effect.slots) })
        return
      case 'read-slot':
        tell({ type: 'slot-read', load: effect.load, facts: node.disk.facts.readSlot(effect.slot) })
        return
      default:
    }
  }

  #send(from: MeshNode, to: string, bytes: Uint8Array): void {
    const peer = [...from.peers].find(({ id }) => id === to)
    const message = messageOf(bytes)
    if (peer === undefined || message === undefined || this.loses(from, message)) return
    this.sent.push({ from: from.id, to, message })
    this.#queue.push({ node: peer, event: { type: 'received', from: from.id, bytes } })
  }

  #sync(node: MeshNode): void {
    for (const writes of node.unsynced.splice(0)) {
      node.disk.write(writes)
      this.#queue.push({ node, event: { type: 'persisted', ticket: writes.ticket } })
    }
  }

  /** What a held disk was given reaches it now, and so does what follows. */
  release(node: MeshNode): void {
    node.held = false
    this.#sync(node)
    this.#run()
  }

  /** Reads that were slow are answered now, and so are those that follow. */
  readOn(node: MeshNode): void {
    node.slowReads = false
    for (const effect of node.unread.splice(0)) this.#carryOut(node, effect)
    this.#run()
  }

  /** Lets time pass. */
  advance(forMs: number): void {
    const endMs = this.nowMs + forMs
    for (;;) {
      const node = this.nodes.reduce((first, each) => (each.wakeMs < first.wakeMs ? each : first))
      if (node.wakeMs > endMs) break
      this.nowMs = Math.max(this.nowMs, node.wakeMs)
      node.wakeMs = Number.POSITIVE_INFINITY
      this.post(node, { type: 'tick' })
    }
    this.nowMs = endMs
  }

  /** Asks a node; gives the number of the request. */
  ask(node: MeshNode, asked: Asked): number {
    const request = ++this.#request
    this.post(node, { ...asked, request } as Event)
    return request
  }

  /** Asks a node, which must answer at once. */
  answer(node: MeshNode, asked: Asked): AnswerValue {
    const reply = node.replies.get(this.ask(node, asked))
    if (reply?.type !== 'answer') throw new Error(`${asked.type} was not answered: ${JSON.stringify(reply)}`)
    return reply.value
  }

  /** Creates a batch, or finds it; gives its record. */
  batch(node: MeshNode, name: string): BatchRecord {
    const value = this.answer(node, { type: 'create-batch', spec: { name, profile: 'draw' } })
    if (value.type !== 'batch') throw new Error(`create-batch was answered with ${value.type}`)
    return value.batch
  }

  /** Seeds so many rows. */
  seed(node: MeshNode, batch: string, count: number): number {
    const namer = new TaskNamer(sha256, batch, 'draw')
    const rows = Array.from({ length: count }, (_, at) => namer.next({ prompt: `prompt ${at}`, params: {} }))
    return this.ask(node, { type: 'intake', batch, profile: 'draw', rows })
  }
}
