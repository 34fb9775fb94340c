/**
 * Takes over the slots that this node should own (protocol.md, section 5), many at a time.
 *
 * A job: importing -> promising -> catching up -> served. One job at a time; what it could not get is tried again by
 * the next one.
 *
 * 1. A job begins when who is up has been unchanged for a second; slots with a live owner come only when this node has
 *    been steady for 30 s: since its start, and since it was away last or others held it for dead; twice as long with
 *    each time, up to 10 min, until an hour goes by without one. A node that knows no other begins at once, with its
 *    first batch: one that finds a mesh before serves nothing that others serve.
 * 2. What this node served last is taken over anew, whoever should own it: who should waits for it as for a live owner.
 * 3. Importing: the slots are compared with every node that may know of them (whom-to-ask.ts). The old owner goes on
 *    meanwhile. Who is not connected is waited for, 5 s at most.
 * 4. Promising: each of those nodes promises the ballot (1 + highest known epoch, this node), or refuses it with a
 *    higher one, or is silent for 5 s. The own promise is synced first.
 * 5. Catching up: what those who promised have by then and this node lacks is pulled, from each until that is done, or
 *    it is gone, or a minute is over.
 * 6. A slot is served only while its ballot is still the highest one known; others leave the job.
 * 7. Who promised a higher ballot states nothing any more under a lower one, and says so with its digests.
 * 8. While it is barred this node takes nothing over and promises nothing (recollection.ts).
 */
import type { NodeId } from './ids.ts'
import type { MessageOf } from './messages.ts'
import type { Ownership } from './ownership.ts'
import type { Reads } from './reads.ts'
import { SlotSet } from './slot-set.ts'
import type { Sync } from './sync.ts'
import { whomToAsk } from './whom-to-ask.ts'
import type { World } from './world.ts'

const STABLE_MS = 1_000
const STEADY_MS = 30_000
const STEADY_MS_MAX = 600_000
/** A calm time after which earlier flaps count no more. */
const CALM_MS = 3_600_000
const SILENT_MS = 5_000
/** A busy owner differs in every slot: the last of that takes seconds. Without it a result that counts could be missed. */
const CATCH_UP_MS = 60_000
const AGAIN_MS = 500
/** Between looks at what should be owned here, whatever was heard or missed: some 50 us each. */
const LOOK_MS = 120_000

interface Job {
  readonly slots: SlotSet
  epoch: number
  request: number
  /** Whose answer the present step waits for. */
  readonly waiting: Set<NodeId>
  /** Those among them that are asked once they are connected. */
  readonly unasked: Map<NodeId, SlotSet>
  /** Those that have promised, whose last difference is being pulled. */
  readonly promised: Set<NodeId>
}

export class Takeover {
  readonly #world: World
  readonly #ownership: Ownership
  readonly #sync: Sync
  readonly #reads: Reads
  #job: Job | undefined
  #changedMs = 0
  #steadySinceMs = 0
  #flaps = 0
  #flappedMs = Number.NEGATIVE_INFINITY
  #isBarred = false
  /** Something changed since slots were looked for. */
  #dirty = true
  /** Whether a batch is known. */
  hasWork: () => boolean = () => true
  /** Is told of slots that are served now. */
  onServe: (slots: SlotSet) => void = () => undefined

  constructor(world: World, ownership: Ownership, sync: Sync, reads: Reads) {
    this.#world = world
    this.#ownership = ownership
    this.#sync = sync
    this.#reads = reads
  }

  get idle(): boolean {
    return this.#job === undefined
  }

  /** Whether the slot is about to be served here. */
  isTaking(slot: number): boolean {
    return this.#job?.slots.has(slot) === true
  }

  start(): void {
    this.#steadySinceMs = this.#world.nowMs
    this.#changedMs = Number.NEGATIVE_INFINITY
    this.#lookNowAndThen()
  }

  #lookNowAndThen(): void {
    this.#world.timers.add(this.#world.nowMs + LOOK_MS, () => {
      this.#dirty = true
      this.#lookNowAndThen()
    })
  }

  /** Takes over every slot at once, where this node knows no other and serves none yet. */
  serveAlone(): void {
    if (!this.#isAlone || this.#ownership.count > 0) return
    const { ballots } = this.#ownership
    const all = this.#ownership.claimable(SlotSet.all())
    const epoch = 1 + ballots.epochMax(all.runs())
    this.#ownership.claim(all.runs(), epoch)
    this.#ownership.serve(all, epoch)
  }

  get #isAlone(): boolean {
    const { members, connected } = this.#world.peers
    return members.length <= 1 && connected.length === 0
  }

  /** Who is up, who stores, or the member list changed. */
  changed(): void {
    this.#changedMs = this.#world.nowMs
    this.#wakeAfter(STABLE_MS)
  }

  /** Slots went to another node: where they should be here, they are taken back. */
  yielded(): void {
    this.#wakeAfter(STABLE_MS)
  }

  /** This node was away, or others thought so; what comes within 30 s of another such word is the same time. */
  flapped(): void {
    const { nowMs } = this.#world
    const calmMs = nowMs - this.#flappedMs
    if (calmMs >= CALM_MS) this.#flaps = 0
    if (calmMs >= STEADY_MS) this.#flaps++
    this.#flappedMs = nowMs
    this.#steadySinceMs = nowMs
  }

  /** How long this node has to be steady before it takes slots from a live owner. */
  get steadyMs(): number {
    const isCalm = this.#world.nowMs - this.#flappedMs >= CALM_MS
    return isCalm ? STEADY_MS : Math.min(STEADY_MS * 2 ** this.#flaps, STEADY_MS_MAX)
  }

  /** Ends what is under way, and begins and promises nothing until `unbar`. */
  bar(): void {
    this.#isBarred = true
    this.#job = undefined
  }

  unbar(): void {
    this.#isBarred = false
    this.changed()
  }

  #wakeAfter(pauseMs: number): void {
    this.#world.timers.add(this.#world.nowMs + pauseMs, () => {
      this.#dirty = true
    })
  }

  /** Begins a job where there is something to take over. */
  look(): void {
    if (!this.#dirty || this.#job !== undefined || !this.#world.storing || this.#isBarred) return
    if (this.#isAlone && !this.hasWork()) return
    const { nowMs } = this.#world
    if (nowMs < this.#changedMs + STABLE_MS) return
    this.#dirty = false
    const slots = this.#wantedSlots()
    if (slots.size === 0) return
    const job: Job = { slots, epoch: 0, request: 0, waiting: new Set(), unasked: new Map(), promised: new Set() }
    this.#job = job
    this.#ask(job, whomToAsk(this.#world, this.#ownership.ballots, slots))
    this.#world.timers.add(nowMs + SILENT_MS, () => {
      if (this.#job === job && job.request === 0) for (const peer of [...job.unasked.keys()]) this.#heard(job, peer)
    })
  }

  /** Asks each what the present step asks, those that cannot be asked now as soon as they can. */
  #ask(job: Job, asked: ReadonlyMap<NodeId, SlotSet>): void {
    const { peers } = this.#world
    job.unasked.clear()
    for (const peer of asked.keys()) job.waiting.add(peer)
    if (asked.size === 0) this.#goOn(job)
    for (const [peer, slots] of asked) {
      // Slots are not compared through a third node.
      if (job.request === 0 ? peers.isConnected(peer) : peers.isReachable(peer)) this.#askOne(job, peer, slots)
      else {
        job.unasked.set(peer, slots)
        peers.want(peer)
      }
    }
  }

  #askOne(job: Job, peer: NodeId, slots: SlotSet): void {
    const { request, epoch } = job
    if (request === 0) this.#sync.compare(peer, slots, () => this.#heard(job, peer))
    else this.#world.send(peer, { type: 'promise', request, epoch, slots: slots.runs() })
  }

  /** It can be asked now what it could not be. */
  connected(peer: NodeId): void {
    const job = this.#job
    const slots = job?.unasked.get(peer)
    if (job === undefined || slots === undefined) return
    job.unasked.delete(peer)
    this.#askOne(job, peer, slots)
  }

  /** The present step waits for that node no longer. */
  #heard(job: Job, peer: NodeId): void {
    job.unasked.delete(peer)
    if (this.#job === job && job.waiting.delete(peer) && job.waiting.size === 0) this.#goOn(job)
  }

  #goOn(job: Job): void {
    if (job.request === 0) this.#promise(job)
    else this.#serve(job)
  }

  #wantedSlots(): SlotSet {
    const { nodeId, peers, nowMs } = this.#world
    const { ballots } = this.#ownership
    const { steadyMs } = this
    const isSteady = nowMs >= this.#steadySinceMs + steadyMs
    const wanted = this.#ownership.wanted().without(this.#ownership.served())
    if (peers.members.includes(nodeId)) wanted.addAll(this.#ownership.claimable(this.#ownership.lapsed()))
    if (isSteady || wanted.size === 0) return wanted
    const slots = new SlotSet()
    for (const { from, to, node } of ballots.runsOf(wanted.runs())) {
      if (node === nodeId || !peers.isStoring(node)) slots.addRun(from, to)
    }
    for (const slot of wanted) if (ballots.epochOf(slot) === 0) slots.add(slot)
    if (slots.size < wanted.size) this.#wakeAfter(this.#steadySinceMs + steadyMs - nowMs)
    return slots
  }

  #promise(job: Job): void {
    const { commits } = this.#world
    job.slots.deleteAll(job.slots.without(this.#ownership.claimable(job.slots)))
    job.epoch = 1 + this.#ownership.ballots.epochMax(job.slots.runs())
    this.#ownership.claim(job.slots.runs(), job.epoch)
    commits.whenStored(() => {
      if (this.#job !== job) return
      job.request = this.#world.nextNumber()
      this.#world.timers.add(this.#world.nowMs + SILENT_MS, () => {
        for (const peer of [...job.waiting]) if (!job.promised.has(peer)) this.#heard(job, peer)
      })
      this.#world.timers.add(this.#world.nowMs + CATCH_UP_MS, () => {
        if (this.#job === job) this.#serve(job)
      })
      this.#ask(job, whomToAsk(this.#world, this.#ownership.ballots, job.slots))
    })
  }

  /** Another node asks this one to promise it slots. */
  asked(from: NodeId, { request, epoch, slots }: MessageOf<'promise'>): void {
    if (this.#isBarred) return
    const refused = new SlotSet()
    for (const run of this.#ownership.ballots.runsOf(slots)) {
      if (!this.#ownership.ballots.admits(run.from, epoch, from)) refused.addRun(run.from, run.to)
    }
    const promised = SlotSet.ofRuns(slots).without(refused)
    this.#ownership.learn(promised.runs().map((run) => ({ ...run, epoch, node: from })))
    this.#ownership.persist()
    this.#world.commits.whenStored(() => {
      this.#reads.digests(promised.runs(), (digests) => {
        const ballots = this.#ownership.ballots.runsOf(refused.runs())
        this.#world.send(from, { type: 'promised', request, slots: promised.runs(), refused: ballots, digests })
      })
    })
  }

  promised(from: NodeId, { request, slots, refused, digests }: MessageOf<'promised'>): void {
    const job = this.#job
    this.#ownership.learn(refused)
    if (job?.request !== request || !job.waiting.has(from)) return
    job.promised.add(from)
    const still = SlotSet.ofRuns(slots).and(job.slots)
    this.#sync.compareWith(from, still, digests, () => this.#heard(job, from))
  }

  /** What waited for that node goes on without it. */
  gone(peer: NodeId): void {
    const job = this.#job
    if (job !== undefined && (job.request > 0 || job.unasked.has(peer))) this.#heard(job, peer)
  }

  #serve(job: Job): void {
    this.#job = undefined
    const served = this.#ownership.serve(job.slots, job.epoch)
    // What changed during the job is looked at now; what another node refused, a little later.
    if (served.size < job.slots.size) this.#wakeAfter(AGAIN_MS)
    else this.#dirty = true
    if (served.size === 0) return
    const runs = served.runs().map((run) => ({ ...run, epoch: job.epoch, node: this.#world.nodeId }))
    for (const peer of this.#world.peers.connected) this.#world.send(peer, { type: 'serving', runs })
    this.onServe(served)
  }
}
