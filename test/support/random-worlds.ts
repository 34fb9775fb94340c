/**
 * A core's life as the dice have it: seeding, pausing, cancelling, retrying, slow and failing reads, a full disk,
 * executions that fail, hang or are cut off by a crash. Whatever happened, in the end every task ends.
 */
import assert from 'node:assert/strict'
import type { ErrorClass, Outcome } from '../../src/core/facts.ts'
import { hex, type Sha256 } from '../../src/core/ids.ts'
import { Disk, sha256 } from './core-disk.ts'
import type { ReadsAre } from './core-reads.ts'
import { Witness } from './core-witness.ts'
import { CoreWorld } from './core-world.ts'
import { Dice } from './dice.ts'

const ENDS: readonly (readonly [Outcome, ErrorClass?])[] = [
  ['completed'],
  ['completed'],
  ['completed'],
  ['failed', 'failed'],
  ['failed', 'oom'],
  ['failed', 'bad-input'],
  ['returned', 'backend-down'],
  ['returned', 'drain'],
  ['returned', 'not-here'],
]
const BATCHES = ['first', 'second', 'third']
const PROFILES = ['draw', 'write']
const PLACES = { places: 3, timeoutMs: 1_000 }
/** Longer than any pause or rest. */
const ALL_PAUSES_MS = 61_000

export class RandomWorld {
  readonly #seed: number
  readonly #dice: Dice
  readonly #reads: ReadsAre
  readonly #namedBy: Sha256
  readonly #disk = new Disk()
  readonly #witness = new Witness(this.#disk)
  /** name => id. */
  readonly #batches = new Map<string, string>()
  #openTasksMax = 1
  #world: CoreWorld

  constructor(seed: number, reads: ReadsAre) {
    this.#seed = seed
    this.#dice = new Dice(seed)
    this.#reads = reads
    // Few slots have many tasks each: the first 14 bits of an id decide.
    const slots = this.#dice.pick([2, 8, 64, 16_384])
    this.#namedBy = (bytes) => {
      const name = sha256(bytes)
      return hex((Number.parseInt(name.slice(0, 4), 16) % slots) << 2, 4) + name.slice(4)
    }
    this.#world = this.#start()
  }

  #start(): CoreWorld {
    this.#openTasksMax = this.#dice.pick([1, 3, 10, 1_000])
    if (this.#dice.says(0.1)) this.#damageRecord()
    return new CoreWorld({
      disk: this.#disk,
      persistAtOnce: false,
      reads: this.#reads,
      random: this.#dice.roll,
      namedBy: this.#namedBy,
      tallies: this.#dice.says(0.1) ? 'damaged' : 'kept',
      nodeSettings: {
        openTasksMax: this.#openTasksMax,
        pageTasks: this.#dice.pick([1, 3, 10]),
        profiles: { draw: PLACES, write: PLACES },
      },
    })
  }

  /** A batch is forgotten until somebody makes it again; all else of it stays. */
  #damageRecord(): void {
    if (this.#batches.size === 0) return
    const [name, id] = this.#dice.pick([...this.#batches])
    this.#batches.delete(name)
    this.#disk.batches.delete(id)
  }

  /** Does `steps` things, then lets everything end. @throws what went wrong, with the seed */
  live(steps: number): void {
    try {
      for (let step = 0; step < steps; step++) {
        this.#do()
        this.#witness.look(this.#world)
      }
      this.#calm()
    } catch (error) {
      throw new Error(`seed ${this.#seed}, ${this.#reads} reads: ${(error as Error).message}`, { cause: error })
    }
  }

  #do(): void {
    const deed = this.#dice.below(17)
    if (deed < 4) this.#persist()
    else if (deed < 7) this.#read()
    else if (deed < 10) this.#end()
    else if (deed < 12) this.#seedSome()
    else if (deed < 14) this.#changeTasks()
    else if (deed < 15) this.#setBatch()
    else if (deed < 16) this.#world.advance(this.#dice.below(2_000))
    else this.#doRarely()
  }

  #doRarely(): void {
    const deeds = [
      () => this.#world.advance(this.#dice.below(100_000)),
      () => this.#crash(),
      () => this.#stop(),
      () => this.#fillDisk(),
      () => this.#settle(),
      () => this.#openProfiles(),
      () => this.#waitOutPauses(),
      () => this.#world.post({ type: 'intake-ended', batch: this.#anyBatch() }),
    ]
    this.#dice.pick(deeds)()
  }

  #persist(): void {
    const ticket = this.#world.writeNext(1 + this.#dice.below(3))
    if (ticket === undefined) return
    // A read that is under way may see what the core does not know to be on disk yet.
    if (this.#dice.says(0.2)) this.#read()
    this.#world.persisted(ticket)
  }

  #read(): void {
    const { ready } = this.#world.reads
    if (ready === 0) return
    if (this.#dice.says(0.15)) this.#world.failRead(this.#dice.below(ready))
    else this.#world.readNext(this.#dice.below(ready))
  }

  #end(): void {
    const { running, killed } = this.#world
    if (running.size === 0) return
    const { token } = this.#dice.pick([...running.values()])
    const asked = killed.get(token)
    const [outcome, error] = asked !== undefined && this.#dice.says(0.7) ? [asked] : this.#dice.pick(ENDS)
    const durationMs = 1 + this.#dice.below(500)
    this.#world.end(token, outcome, error && { class: error, message: `a ${error} error` }, durationMs)
  }

  #anyBatch(): string {
    return this.#dice.pick([...this.#batches.values(), ''])
  }

  #seedSome(): void {
    const name = this.#dice.pick(BATCHES)
    const batch = this.#batches.get(name)
    if (batch === undefined) return this.#createBatch(name)
    const first = this.#dice.below(60)
    const prompts = Array.from({ length: 1 + this.#dice.below(20) }, (_, at) => `${name} ${first + at}`)
    const profile = this.#dice.says(0.8) ? 'draw' : 'write'
    this.#witness.seeds(this.#world.seed(batch, prompts, profile), prompts)
  }

  #createBatch(name: string): void {
    const maxAttempts = 1 + this.#dice.below(3)
    const spec = { name, profile: this.#dice.pick(PROFILES), maxAttempts, priority: this.#dice.below(2) }
    const request = this.#world.request({ type: 'create-batch', spec })
    this.#settle()
    const reply = this.#world.reply(request)
    if (reply.type === 'answer' && reply.value.type === 'batch') this.#batches.set(name, reply.value.batch.id)
  }

  #changeTasks(): void {
    const states = this.#disk.states()
    if (states.length === 0) return
    const { batch } = this.#dice.pick(states)
    const own = states.filter((each) => each.batch === batch).map(({ task }) => task)
    const tasks = Array.from({ length: 1 + this.#dice.below(5) }, () => this.#dice.pick(own))
    const change = this.#dice.pick(['cancel', 'retry'] as const)
    this.#world.request({ type: 'change-tasks', batch, change, tasks, stopRunning: this.#dice.says(0.5) })
  }

  #setBatch(): void {
    const change = this.#dice.pick([
      { paused: true },
      { paused: false },
      { paused: false },
      { cancelled: true },
      { cancelled: false },
      { cancelled: false },
      { priority: this.#dice.below(3) },
    ])
    const stopRunning = this.#dice.says(0.3)
    this.#world.request({ type: 'set-batch', batch: this.#anyBatch(), change, stopRunning })
  }

  #crash(): void {
    // What is under way reaches the disk in its order, or not at all; the core never hears of it.
    this.#world.writeNext(this.#dice.below(this.#world.unpersisted.length + 1))
    this.#startAnew()
  }

  #stop(): void {
    this.#world.post({ type: 'stop', now: this.#dice.says(0.5) })
    this.#settle()
    for (const token of [...this.#world.running.keys()]) this.#world.end(token)
    this.#settle()
    assert(this.#world.stopped, 'a node that has nothing left stops')
    this.#startAnew()
  }

  #startAnew(): void {
    this.#witness.look(this.#world)
    this.#witness.startsAnew()
    this.#world = this.#start()
  }

  #fillDisk(): void {
    this.#world.post({ type: 'storage', problem: 'disk-full' })
    for (let left = this.#dice.below(10); left > 0; left--) {
      const deeds = [
        () => this.#read(),
        () => this.#end(),
        () => this.#changeTasks(),
        () => this.#setBatch(),
        () => this.#world.advance(this.#dice.below(2_000)),
      ]
      this.#dice.pick(deeds)()
    }
    this.#world.post({ type: 'storage', problem: undefined })
  }

  #openProfiles(): void {
    for (const profile of PROFILES) this.#world.post({ type: 'set-profile', profile, settings: PLACES })
  }

  #waitOutPauses(): void {
    this.#settle()
    this.#world.advance(ALL_PAUSES_MS)
    this.#settle()
    this.#witness.lookForIdlePlaces(this.#world, this.#openTasksMax)
  }

  #settle(): void {
    const world = this.#world
    for (let turn = 0; world.unpersisted.length + world.reads.size > 0; turn++) {
      if (world.unpersisted.length > 0) world.persistNext()
      else world.readNext()
      assert(turn < 10_000, 'what is under way comes to an end')
    }
    this.#witness.look(world)
    world.checkInvariants()
  }

  /** Faults and operators are gone: everything ends. */
  #calm(): void {
    const world = this.#world
    this.#openProfiles()
    for (const name of BATCHES) if (!this.#batches.has(name)) this.#createBatch(name)
    for (const batch of this.#batches.values())
      world.request({ type: 'set-batch', batch, change: { paused: false, cancelled: false } })
    this.#settle()
    const open = () => world.core.view().batches.reduce((sum, batch) => sum + batch.open, 0)
    for (let turn = 0; turn < 2_000 && open() > 0; turn++) {
      for (const token of [...world.running.keys()]) world.end(token)
      this.#settle()
      if (world.running.size === 0) world.advance(ALL_PAUSES_MS)
      this.#settle()
    }
    assert.equal(open(), 0, 'every task ends')
    this.#witness.lookBack()
  }
}
