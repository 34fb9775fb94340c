/**
 * A whole mesh in one process and in virtual time: machines, wires, people, faults.
 *
 * Phases: troubled (faults happen) -> calm (they are healed; everything must come right) -> at rest -> over.
 *
 * 1. The same scenario and the same code give the same run, to the last effect.
 */
import type { NodeId } from '../../src/core/ids.ts'
import { MESH_SETTINGS } from '../../src/core/settings.ts'
import { type CoreFactory, realCore } from './core.ts'
import { Dialling } from './dialling.ts'
import { Discovery } from './discovery.ts'
import { FactPool, sha256 } from './fact-pool.ts'
import { Gossip } from './gossip.ts'
import { History } from './history.ts'
import { Injector } from './injector.ts'
import { Links } from './links.ts'
import { Network } from './network.ts'
import { type Observer, Observers } from './observer.ts'
import { Operators } from './operators.ts'
import { type NodeConditions, SimNode } from './process.ts'
import { Prompts } from './prompts.ts'
import { Random } from './random.ts'
import { RequestDesk } from './requests.ts'
import type { Scenario } from './scenario.ts'
import { Schedule, type Target } from './schedule.ts'
import type { Reporter, Surroundings, Tamper } from './surroundings.ts'

export interface WorldOptions {
  readonly scenario: Scenario
  readonly report: Reporter
  /** A planted bug. */
  readonly plant?: ((world: World) => Tamper) | undefined
  readonly makeCore?: CoreFactory
}

const SECOND_MS = 1_000
/** Node ids come from few rows of names, so that rings can be kept from one seed to the next. */
const NAME_ROWS = 8

export class World {
  readonly scenario: Scenario
  readonly schedule = new Schedule()
  readonly nodes: SimNode[] = []
  readonly pool = new FactPool()
  readonly history = new History()
  readonly observers = new Observers()
  readonly network: Network
  readonly gossip: Gossip
  readonly desk: RequestDesk
  readonly operators: Operators
  readonly report: Reporter
  /** When faults ended. */
  calmMs: number | undefined
  /** Since when everything has been as it must be. */
  restMs: number | undefined
  readonly #surroundings: Surroundings
  readonly #injector: Injector

  constructor({ scenario, report, plant, makeCore = realCore }: WorldOptions) {
    const { seed, conditions, plans, nodes, joiners, faults, frameRows } = scenario
    const { schedule, pool, history, observers } = this
    this.scenario = scenario
    this.report = report
    const tamper = plant?.(this)
    const clones = faults.filter(({ kind }) => kind === 'clone').length
    const stream = (name: string) => new Random(seed, name)
    const links = new Links(nodes + joiners + clones, conditions.links, stream('delays'))
    this.network = new Network(schedule, links, stream('network'))
    this.gossip = new Gossip(schedule, this.network, this.nodes, conditions.gossip, stream('gossip'))
    this.desk = new RequestDesk(schedule)
    const meshId = stream('mesh').hex(16)
    this.#surroundings = {
      seed,
      schedule,
      conditions,
      network: this.network,
      dialling: new Dialling(schedule, this.network, this.nodes, stream('dialling')),
      gossip: this.gossip,
      discovery: new Discovery(schedule, this.network, this.nodes, conditions.discovery, stream('discovery')),
      pool,
      prompts: new Prompts(seed, conditions.prompts),
      history,
      observers,
      tamper,
      report,
      makeCore: (node, random) => {
        const nodeSettings = node.conditions.settings
        const settings = { ...MESH_SETTINGS, ...conditions.away, partition: conditions.partition }
        const options = { settings, nodeSettings, sha256, meshId, random }
        return makeCore(tamper?.core === undefined ? options : tamper.core(node, options))
      },
    }
    for (let index = 0; index < nodes + joiners; index++)
      this.#add(nodeIdOf(seed, index), conditions.nodes[index] as NodeConditions)
    const random = stream('operators')
    this.operators = new Operators({ schedule, desk: this.desk, nodes: this.nodes, plans, pool, random, frameRows })
    const clone = (node: SimNode) => this.#clone(node)
    const injection = { surroundings: this.#surroundings, nodes: this.nodes, random: stream('injector'), clone }
    this.#injector = new Injector(injection, this.operators)
    observers.add({ gone: (node) => this.desk.gone(node) })
  }

  #add(id: NodeId, conditions: NodeConditions): SimNode {
    const node = new SimNode(this.nodes.length, id, conditions, this.#surroundings)
    this.nodes.push(node)
    this.network.add(node)
    this.desk.attach(node)
    return node
  }

  /** Another machine that runs with a copy of a node's disk. */
  #clone(node: SimNode): SimNode {
    const clone = this.#add(node.id, node.conditions)
    clone.isClone = true
    clone.disk.restore(node.disk.snapshot())
    clone.start()
    return clone
  }

  watch(...observers: readonly Observer[]): void {
    for (const observer of observers) this.observers.add(observer)
  }

  /** Lets everything begin. */
  begin(): void {
    const { seed, nodes, startsWithinMs, faults } = this.scenario
    const random = new Random(seed, 'starts')
    for (const node of this.nodes.slice(0, nodes)) node.startIn(random.between(0, startsWithinMs))
    this.operators.begin()
    this.#injector.begin(faults)
    this.schedule.at(SECOND_MS, this.#seconds, undefined)
  }

  readonly #seconds: Target<undefined> = {
    happen: () => {
      const { schedule } = this
      for (const observer of this.observers.of('second')) observer.second()
      schedule.at(schedule.nowMs + SECOND_MS, this.#seconds, undefined)
    },
  }

  /** Goes on until `isOver`, asked after each thing that happens, or that time. */
  run(untilMs: number, isOver: () => boolean): void {
    while (this.schedule.nextMs <= untilMs && !isOver()) this.schedule.advance()
  }

  /** Faults end, and people want everything done. */
  heal(): void {
    this.calmMs = this.schedule.nowMs
    this.#injector.heal()
    this.operators.finish()
  }

  /** Nodes whose disks count: all that ever started, but no copies that are gone. */
  get live(): SimNode[] {
    return this.nodes.filter((node) => node.starts > 0 && !node.retired)
  }
}

function nodeIdOf(seed: number, index: number): NodeId {
  return `12D3KooW${new Random(seed % NAME_ROWS, `node id ${index}`).hex(16)}`
}
