/** A lone core whose batches are deleted at any moment, with writes and reads under way: nothing is left, nothing throws. */
import { expect, test } from 'vitest'
import { CoreWorld } from '../support/core-world.ts'
import { Dice } from '../support/dice.ts'

const NAMES = ['parti', 'sheep'] as const

class Life {
  readonly #dice: Dice
  #world: CoreWorld
  readonly #ids = new Map<string, string>()
  readonly #deleted = new Set<string>()

  constructor(seed: number) {
    this.#dice = new Dice(seed)
    this.#world = this.#start()
  }

  #start(): CoreWorld {
    const openTasksMax = this.#dice.pick([1, 5, 1_000])
    return new CoreWorld({
      ...(this.#world !== undefined && { disk: this.#world.disk }),
      persistAtOnce: false,
      reads: this.#dice.pick(['old', 'new', 'drawn'] as const),
      random: this.#dice.roll,
      nodeSettings: { openTasksMax, pageTasks: this.#dice.pick([1, 10]) },
    })
  }

  live(steps: number): void {
    for (let step = 0; step < steps; step++) this.#do()
    this.#settle()
    for (const id of this.#deleted) expect(this.#remains(id), `what is left of ${id}`).toEqual([])
    for (const { record } of this.#world.core.view().batches) expect(this.#deleted.has(record.id)).toBe(false)
    this.#world.checkInvariants()
  }

  #remains(id: string): string[] {
    const { disk } = this.#world
    const facts = [...disk.facts.keys()].filter((task) => disk.factsOf(task).some(({ fact }) => fact.batch === id))
    return [...facts, ...[...disk.tallies.keys()].filter((key) => key.startsWith(id))]
  }

  #do(): void {
    const { unpersisted, reads, running } = this.#world
    const name = this.#dice.pick(NAMES)
    const id = this.#ids.get(name)
    const deed = this.#dice.below(16)
    if (deed < 4 && unpersisted.length > 0) this.#world.persistNext(1 + this.#dice.below(2))
    else if (deed < 7 && reads.ready > 0) this.#world.readNext(this.#dice.below(reads.ready))
    else if (deed < 10 && running.size > 0) this.#end()
    else if (deed < 12 && id !== undefined) this.#seed(id)
    else if (deed === 12 && id !== undefined) this.#change(id)
    else if (deed === 13) this.#world.advance(this.#dice.below(3_000))
    else if (deed === 14) this.#create(name)
    else if (this.#dice.says(0.3)) this.#crash()
    else if (id !== undefined && this.#dice.says(0.5)) this.#delete(id)
  }

  #end(): void {
    const token = this.#dice.pick([...this.#world.running.keys()])
    const failed = { class: 'failed', message: 'it failed' } as const
    if (this.#dice.says(0.5)) this.#world.end(token)
    else this.#world.end(token, 'failed', failed)
  }

  #seed(id: string): void {
    this.#world.seed(
      id,
      Array.from({ length: 1 + this.#dice.below(8) }, () => `prompt ${this.#dice.below(30)}`),
    )
  }

  #change(id: string): void {
    const states = this.#world.disk.states().filter(({ batch }) => batch === id)
    const tasks = states.filter(() => this.#dice.says(0.5)).map(({ task }) => task)
    const change = this.#dice.pick(['cancel', 'retry'] as const)
    this.#world.request({ type: 'change-tasks', batch: id, change, tasks, stopRunning: this.#dice.says(0.5) })
  }

  #create(name: string): void {
    const request = this.#world.request({ type: 'create-batch', spec: { name, profile: 'draw' } })
    this.#settle()
    const reply = this.#world.reply(request)
    if (reply.type !== 'answer' || reply.value.type !== 'batch') return
    expect(this.#deleted.has(reply.value.batch.id)).toBe(false)
    this.#ids.set(name, reply.value.batch.id)
  }

  #delete(id: string): void {
    const world = this.#world
    const request = world.request({ type: 'delete-batch', batch: id })
    for (let turn = this.#dice.below(4); turn > 0; turn--) this.#do()
    this.#settle()
    // Where it crashed meanwhile, nobody was answered.
    if (world === this.#world && world.reply(request).type === 'answer') this.#deleted.add(id)
  }

  /** The core is gone, and with it what was not written. */
  #crash(): void {
    if (this.#dice.says(0.5)) this.#world.writeNext(1 + this.#dice.below(3))
    this.#world = this.#start()
  }

  #settle(): void {
    this.#world.settle()
  }
}

test.each(Array.from({ length: 60 }, (_, seed) => seed))('nothing of a deleted batch is left in life %i', (seed) => {
  new Life(seed).live(250)
})
