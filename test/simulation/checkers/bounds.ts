/**
 * P5, I11: everything has a limit: what a node says at a time, how often it gossips, how much waits for a peer, how many
 * messages a task costs, and how many nodes a poisonous prompt ends.
 */
import type { Effect, Writes } from '../../../src/core/effects.ts'
import type { TaskId } from '../../../src/core/ids.ts'
import { MESH_SETTINGS } from '../../../src/core/settings.ts'
import type { PoolFact } from '../fact-pool.ts'
import type { ExecutionRecord } from '../history.ts'
import { messageOf, typeOf } from '../message-reader.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

const MIB = 1024 * 1024
const FRAME_BYTES_MAX = 4 * MIB
const UNDER_WAY_BYTES_MAX = 8 * MIB
const GOSSIP_BYTES_MAX = 64 * 1024
/** Messages about tasks that may be said for each task, and for each node and minute. */
const MESSAGES_PER_TASK = 30
const MESSAGES_PER_MINUTE = 100
/**
 * Messages that compare slots: meshes that merge take each slot over twice, and compare those that have facts with each node
 * each time, a question and an answer; and two nodes compare what one of them serves every 15 s, each of them (scrub.ts).
 */
const COMPARING: ReadonlySet<string> = new Set(['digests-wanted', 'digests', 'slot-wanted', 'slot'])
const COMPARING_PER_SLOT_AND_NODE = 4
const COMPARING_PER_PAIR = 30
const COMPARING_PER_PAIR_AND_MINUTE = 16
const PARTS_MAX = 3
const READ_AT_FIRST = 50
const READ_EVERY = 16
/** Said by the clock, whether there are tasks or not. */
const BY_THE_CLOCK: ReadonlySet<string> = new Set([
  'batches-stored',
  'beat',
  'outlived',
  'members',
  'batches',
  'probe',
  'probed',
  'hello',
  'load',
])

export class Bounds implements Checker {
  readonly #world: World
  readonly #watch: Watch
  readonly #gossiped = new Map<SimNode, number>()
  readonly #deaths = new Map<TaskId, number>()
  #messages = 0
  #comparing = 0

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.type === 'send') this.#sent(node, effect.to, effect.bytes)
    else if (effect.type === 'gossip') this.#gossip(node, effect.bytes)
  }

  #sent(node: SimNode, to: string, bytes: Uint8Array): void {
    const { report, network } = this.#world
    if (bytes.length > FRAME_BYTES_MAX) report('I11', `node ${node.index} sends ${bytes.length} bytes at once`)
    const type = this.#typeOf(bytes)
    if (type === undefined) report('I11', `node ${node.index} sends ${bytes.length} bytes that are no message`)
    else if (COMPARING.has(type)) this.#comparing++
    else if (!BY_THE_CLOCK.has(type)) this.#messages++
    const underWay = network.endsOf(node.index).get(to)?.other.bytesUnderWay ?? 0
    if (underWay > UNDER_WAY_BYTES_MAX + FRAME_BYTES_MAX)
      report('I11', `node ${node.index} has ${underWay} bytes under way to ${to}`)
  }

  readonly #read = new Map<string, number>()

  /** Undefined where it is no message: the first ones of each type are read as a whole, then some. */
  #typeOf(bytes: Uint8Array): string | undefined {
    const type = typeOf(bytes)
    if (type === undefined) return undefined
    const times = 1 + (this.#read.get(type) ?? 0)
    this.#read.set(type, times)
    return times <= READ_AT_FIRST || times % READ_EVERY === 0 ? messageOf(bytes)?.type : type
  }

  #gossip(node: SimNode, bytes: Uint8Array): void {
    if (bytes.length > GOSSIP_BYTES_MAX) this.#world.report('I11', `node ${node.index} gossips ${bytes.length} bytes`)
    this.#gossiped.set(node, 1 + (this.#gossiped.get(node) ?? 0))
  }

  durable(node: SimNode, _writes: Writes, added: readonly PoolFact[]): void {
    for (const { bytes, hash } of added) {
      if (bytes.length > MESH_SETTINGS.factBytesMax)
        this.#world.report('I11', `node ${node.index} stored the fact ${hash} of ${bytes.length} bytes`)
    }
  }

  executionEnded({ task, batch, token, killedNode }: ExecutionRecord): void {
    // An attempt that had an end already, and whose executor heeded nobody, cannot be blamed on its task any more.
    const attempts = this.#world.pool.tasks.get(task)?.state?.attempts ?? []
    if (!killedNode || attempts.some((each) => each.token === token && each.end !== 'open')) return
    const deaths = 1 + (this.#deaths.get(task) ?? 0)
    this.#deaths.set(task, deaths)
    const facts = this.#world.pool.tasks.get(task)?.facts ?? []
    const rounds = 1 + facts.filter(({ kind }) => kind === 'retried').length
    const isAlone = this.#world.scenario.nodes === 1
    // Parts of a mesh that are cut apart know nothing of each other's losses.
    const parts = isAlone || this.#watch.undisturbed ? 1 : PARTS_MAX
    // Of two attempts at once both may end their nodes before either loss is known.
    const most = parts * (rounds * MESH_SETTINGS.blamedLossesMax + (isAlone ? 0 : 1))
    const isExcused = this.#watch.goneTasks.has(task) || this.#watch.deletedBatches.has(batch)
    if (deaths > most && !isExcused)
      this.#world.report('P5', `task ${task} has ended ${deaths} nodes in ${rounds} rounds`)
  }

  finish(): void {
    const { scenario, schedule, report, nodes } = this.#world
    const everyMs = Math.max(1_000, 10 * nodes.length)
    // By clocks that may be fast.
    const fastest = scenario.conditions.planes.includes('clock') ? 2 : 1
    for (const [node, times] of this.#gossiped)
      if (times > 10 + (1.5 * fastest * schedule.nowMs) / everyMs)
        report('P5', `node ${node.index} gossiped ${times} times in ${schedule.nowMs} ms`)
    if (scenario.conditions.calm) this.#judgeMessages()
  }

  #judgeMessages(): void {
    const { schedule, report, nodes, pool } = this.#world
    const minutes = schedule.nowMs / 60_000
    const most = MESSAGES_PER_TASK * pool.tasks.size + MESSAGES_PER_MINUTE * nodes.length * minutes
    if (this.#messages > most)
      report('P5', `${this.#messages} messages were said about ${pool.tasks.size} tasks; ${most} would be enough`)
    const pairs = (nodes.length * (nodes.length - 1)) / 2
    const slots = new Set([...pool.tasks.values()].map(({ slot }) => slot)).size
    const perPair = COMPARING_PER_PAIR + COMPARING_PER_PAIR_AND_MINUTE * minutes
    const comparingMost = COMPARING_PER_SLOT_AND_NODE * slots * nodes.length + perPair * pairs
    if (this.#comparing > comparingMost)
      report('P5', `${this.#comparing} messages compared ${slots} slots; ${comparingMost} would be enough`)
  }
}
