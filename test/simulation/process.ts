/**
 * One node: its disk and clock, which last, and its process, which comes and goes.
 *
 * States of the process: down -> starting -> up -> down; it can be frozen while it is up.
 *
 * 1. A crash may come after any effect of any step.
 * 2. Each life of the process has a boot of its own, and stream of chance.
 */
import type { Effect } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { Boot, NodeId } from '../../src/core/ids.ts'
import type { NodeSettings } from '../../src/core/settings.ts'
import { NodeClock } from './clock.ts'
import type { Core } from './core.ts'
import { addressesOf } from './discovery.ts'
import { SimDisk } from './disk.ts'
import { SimDriver } from './driver.ts'
import { SimExecutor } from './executor.ts'
import type { ExecutionRecord } from './history.ts'
import type { Endpoint } from './network.ts'
import { Random } from './random.ts'
import type { Target } from './schedule.ts'
import type { DiskTrouble } from './storage.ts'
import type { Surroundings } from './surroundings.ts'

export interface NodeConditions {
  readonly settings: NodeSettings
  /** Milliseconds of an attempt here, before noise. */
  readonly taskMs: number
  /** After how much this node kills an attempt, about. */
  readonly timeoutMs: number
  readonly clockRate: number
  readonly restartMsMax: number
}

/** After how many effects, of that type where one is named, the process ends. */
export interface ArmedCrash {
  readonly type: Effect['type'] | undefined
  count: number
  readonly downMs: number
}

type Reply = Extract<Effect, { type: 'answer' | 'refuse' }>

const OPEN_MS_MIN = 20
const OPEN_MS_MAX = 500

export class SimNode implements Endpoint {
  readonly index: number
  readonly id: NodeId
  readonly name: string
  readonly disk: SimDisk
  readonly clock: NodeClock
  readonly conditions: NodeConditions
  readonly executor: SimExecutor
  readonly trouble: DiskTrouble = { problem: undefined, slowSyncMs: 0, readsFail: false }
  boot: Boot = ''
  starts = 0
  steps = 0
  effects = 0
  /** How often it ended in the middle of a step, and how many events waited for it while it was frozen. */
  hits = 0
  waited = 0
  armed: ArmedCrash | undefined
  /** It is not started again. */
  retired = false
  /** It runs with the copy of another machine's disk. */
  isClone = false
  /** It was asked to leave the mesh; after how long it comes back, if it does. */
  leaving: { readonly backMs: number | undefined } | undefined
  /** What is done with answers to requests. */
  onReply: (reply: Reply) => void = () => undefined
  readonly #surroundings: Surroundings
  readonly #random: Random
  #driver: SimDriver | undefined
  #off = 0

  constructor(index: number, id: NodeId, conditions: NodeConditions, surroundings: Surroundings) {
    this.index = index
    this.id = id
    this.name = `machine-${index}`
    this.conditions = conditions
    this.#surroundings = surroundings
    const { seed, schedule, pool, prompts } = surroundings
    this.#random = new Random(seed, `node ${index}`)
    this.disk = new SimDisk(pool)
    this.clock = new NodeClock(schedule.nowMs, this.#random.between(1_000, 1_000_000), conditions.clockRate)
    this.executor = new SimExecutor(this, {
      schedule,
      prompts,
      random: new Random(seed, `executor ${index}`),
      conditions: surroundings.conditions.executor,
      taskMs: conditions.taskMs,
      timeoutMs: conditions.timeoutMs,
    })
  }

  get up(): boolean {
    return this.#driver !== undefined
  }

  get frozen(): boolean {
    return this.#driver?.frozen === true
  }

  get off(): boolean {
    return this.#off > 0
  }

  /** Its monotonic clock. */
  get localMs(): number {
    return this.clock.localMs(this.#surroundings.schedule.nowMs)
  }

  /** What tells people; undefined while it is down. */
  get core(): Core | undefined {
    return this.#driver?.core
  }

  /** Starts the process, unless it runs or the machine is off. */
  start(): void {
    if (this.up || this.#off > 0 || this.retired) return
    this.starts++
    const { schedule } = this.#surroundings
    schedule.at(schedule.nowMs + this.#random.between(OPEN_MS_MIN, OPEN_MS_MAX), this.#begins, this.starts)
  }

  startIn(delayMs: number): void {
    const { schedule } = this.#surroundings
    schedule.at(schedule.nowMs + delayMs, this.#restarts, undefined)
  }

  readonly #restarts: Target<undefined> = { happen: () => this.start() }

  readonly #begins: Target<number> = {
    happen: (starts) => {
      if (this.up || this.starts !== starts || this.#off > 0) return
      const { observers, makeCore, discovery, seed } = this.#surroundings
      this.boot = this.#random.hex(16)
      const dice = new Random(seed, `core ${this.index} ${starts}`)
      const core = makeCore(this, () => dice.next())
      this.#driver = new SimDriver(this, this.#surroundings, core, this.#random)
      const { batches, tallies, promises, incarnation, members, outbox } = this.disk.open()
      const mesh = { name: this.name, incarnation, addresses: addressesOf(this.index), members, outbox }
      for (const observer of observers.of('began')) observer.began(this)
      this.post({ type: 'start', nodeId: this.id, boot: this.boot, batches, tallies, promises, mesh })
      discovery.started(this)
    },
  }

  post(event: Event): void {
    this.#driver?.post(event)
  }

  /** Whether that effect was the last one of this life. */
  isHit(effect: Effect): boolean {
    const { armed } = this
    if (armed === undefined || (armed.type !== undefined && armed.type !== effect.type)) return false
    if (--armed.count > 0) return false
    this.armed = undefined
    this.hits++
    this.crash()
    this.startIn(armed.downMs)
    return true
  }

  execute(effect: Extract<Effect, { type: 'execute' }>): void {
    const { history, observers, schedule } = this.#surroundings
    const { token, task, batch, attempt } = effect
    const record: ExecutionRecord = {
      token,
      task,
      batch,
      attempt,
      node: this,
      starts: this.starts,
      atMs: schedule.nowMs,
      endMs: undefined,
      outcome: undefined,
      killedNode: false,
      killAskedMs: undefined,
    }
    history.add(record)
    for (const observer of observers.of('executionBegan')) observer.executionBegan(record)
    this.executor.execute(effect, record)
  }

  /** The executor's word that an execution is over. */
  executionEnded(record: ExecutionRecord): void {
    for (const observer of this.#surroundings.observers.of('executionEnded')) observer.executionEnded(record)
  }

  setClockRate(rate: number): void {
    this.clock.setRate(this.#surroundings.schedule.nowMs, rate)
    this.#driver?.clockChanged()
  }

  /** Its monotonic clock stands still until `goClock`. */
  stopClock(): void {
    this.clock.stop(this.#surroundings.schedule.nowMs)
  }

  goClock(): void {
    this.clock.go(this.#surroundings.schedule.nowMs)
    this.#driver?.clockChanged()
  }

  freeze(): void {
    this.#driver?.freeze()
  }

  thaw(): void {
    this.#driver?.thaw()
  }

  /** The process ends in the middle of whatever it does; `kernelLives` where its machine goes on. */
  crash(kernelLives = true): void {
    // One that was starting does not begin.
    this.starts++
    this.leaving = undefined
    const driver = this.#driver
    if (driver === undefined) return
    this.#driver = undefined
    driver.crash()
    this.executor.died()
    this.#surroundings.network.gone(this, kernelLives)
    for (const observer of this.#surroundings.observers.of('gone')) observer.gone(this)
  }

  /** An execution took the process with it; something starts it again. */
  die(): void {
    this.crash()
    this.startIn(this.#random.between(100, this.conditions.restartMsMax))
  }

  /** It ended of its own accord, because it was asked to or must not live. */
  stopped(): void {
    const { leaving } = this
    this.leaving = undefined
    if (leaving === undefined || !this.hasLeft) return this.die()
    this.crash()
    if (leaving.backMs !== undefined) return this.startIn(leaving.backMs)
    // Its disk is thrown away: others must have what was on it.
    this.retired = true
    this.disk.wipe()
  }

  /** Whether its own disk says that it is no member any more. */
  get hasLeft(): boolean {
    return this.disk.members.get(this.id)?.standing === 'left'
  }

  /** It must not live: nobody starts a copy again, but whoever keeps a machine going starts that one. */
  refused(): void {
    if (!this.isClone) return this.die()
    this.retired = true
    this.crash()
  }

  /** The machine has no power: nothing starts until as many `powerOn`. */
  powerOff(): void {
    this.#off++
    this.crash(false)
  }

  powerOn(): void {
    if (this.#off === 0) return
    this.#off--
    this.start()
  }
}
