/**
 * Which slots that this node serves are contested: another side of a split may be at work on their tasks too
 * (protocol.md, section 5).
 *
 * A slot that is served: firm -> contested -> orphaned, and back, as members fall silent and return (contest.ts).
 *
 * 1. Orphaned: fewer than two of those on its list, which has two at least, can store as far as this node knows.
 * 2. Contested: a member before this node on its list is lost by silence, not by evidence that its process has ended: it
 *    may be serving the slot still. Of the sides of a split one at most has slots that are neither: it has two of the
 *    three listed, the first of them included.
 * 3. Who was silent and is back may have served a slot of which it is on the list: that is orphaned until this node has
 *    compared what it serves with that member (scrub.ts). Who had ended may have served it since with another that is not
 *    here: until they are compared it counts as one that is not there. Where two others are, nobody has to wait for it.
 * 4. It is judged anew when who is up, who stores, who is a member or what is served has changed, never at each step; the
 *    ready tasks of slots that changed move to the queues where they belong.
 * 5. The tasks of such slots have an order of their own on each node, so that the sides of a split have different ones
 *    in hand.
 *
 * When they are granted is granting.ts's and stealing.ts's.
 */
import type { BatchBook } from './batch-book.ts'
import { CONTESTED, type Contest, FIRM, ORPHANED, shuffleOf } from './contest.ts'
import { type NodeId, SLOT_COUNT } from './ids.ts'
import type { OpenTask } from './open-task.ts'
import type { Ownership } from './ownership.ts'
import type { World } from './world.ts'

export class Contested {
  readonly #world: World
  readonly #book: BatchBook
  readonly #ownership: Ownership
  #of = new Uint8Array(SLOT_COUNT)
  #count = 0
  #dirty = true
  /** Members that are not up, and those that are again, until what is served has been compared with them. */
  readonly #lost = new Map<NodeId, 'silent' | 'gone'>()
  /** What was judged last: who is there, which slots are served, and of which lists. */
  #judged = ''
  #members: readonly NodeId[] = []
  #away: ReadonlySet<NodeId> = new Set()

  constructor(world: World, book: BatchBook, ownership: Ownership) {
    this.#world = world
    this.#book = book
    this.#ownership = ownership
  }

  /** How many served slots are contested or orphaned. */
  get count(): number {
    return this.#count
  }

  /** Of a served slot, as it was judged last. */
  of(slot: number): Contest {
    return this.#of[slot] as Contest
  }

  /** Whether tasks of such slots are granted at all. */
  get mayGrant(): boolean {
    return this.#world.settings.partition === 'work'
  }

  /** Whether what is claimed of a slot may start: who was to have its claim may be gone since it was stated. */
  mayStart(slot: number): boolean {
    if (this.mayGrant) return true
    this.look()
    return this.of(slot) === FIRM
  }

  /** Who is up, who stores, the member list or what is served has changed. */
  changed(): void {
    this.#dirty = true
  }

  /** What is served has been compared with a member. */
  compared(id: NodeId): void {
    if (this.#world.peers.isUp(id) && this.#lost.delete(id)) this.#dirty = true
  }

  /** To be called before tasks are granted. */
  look(): void {
    if (!this.#dirty) return
    this.#dirty = false
    if (!this.#isOther()) return
    if (!this.#judgeAll()) return
    this.#book.changed()
    for (const task of this.#book.tasks.values()) {
      if (task.contest === this.of(task.slot)) continue
      this.place(task)
      if (task.phase === 'ready') this.#book.enqueue(task)
    }
  }

  /** Whether what is judged is anything but what was judged last: most changes are of nodes that come and go. */
  #isOther(): boolean {
    const { nodeId, peers, storing } = this.#world
    const { members, away } = peers
    const standings = members.map((id) => {
      if (id === nodeId) return storing
      if (!peers.isUp(id)) this.#lost.set(id, peers.isGone(id) ? 'gone' : 'silent')
      return [peers.isUp(id), peers.isStoring(id), this.#lost.get(id)].join()
    })
    for (const id of this.#lost.keys()) if (!peers.isMember(id)) this.#lost.delete(id)
    const judged = `${this.#ownership.version} ${standings.join(' ')}`
    const isSame = judged === this.#judged && members === this.#members && away === this.#away
    this.#judged = judged
    this.#members = members
    this.#away = away
    return !isSame
  }

  /** Judges what is served; gives whether anything is other than before. */
  #judgeAll(): boolean {
    const allStore = this.#world.peers.members.every((id) => this.#stores(id) && !this.#lost.has(id))
    // The common case: with every member there no slot is anything but firm.
    if (allStore && this.#count === 0) return false
    const before = this.#of
    this.#of = new Uint8Array(SLOT_COUNT)
    this.#count = 0
    if (!allStore) this.#judgeServed()
    const now = this.#of
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (before[slot] !== now[slot]) return true
    return false
  }

  #judgeServed(): void {
    const { peers } = this.#world
    /** Few lists belong to many slots. */
    const known = new Map<readonly NodeId[], Contest>()
    const served = this.#ownership.served()
    for (let slot = served.next(0); slot >= 0; slot = served.next(slot + 1)) {
      const list = peers.listOf(slot)
      const contest = known.get(list) ?? this.#judge(list)
      known.set(list, contest)
      if (contest === FIRM) continue
      this.#of[slot] = contest
      this.#count++
    }
  }

  #judge(list: readonly NodeId[]): Contest {
    const { nodeId, peers } = this.#world
    const back = list.filter((id) => peers.isUp(id) && this.#lost.has(id))
    const areFew = list.length > 1 && this.#areFew(list, (id) => this.#stores(id) && !this.#lost.has(id))
    if (areFew || back.some((id) => this.#lost.get(id) === 'silent')) {
      for (const id of back) peers.want(id)
      return ORPHANED
    }
    for (const id of list) {
      if (id === nodeId) break
      if (!peers.isUp(id) && !peers.isGone(id)) return CONTESTED
    }
    return FIRM
  }

  /** Whether fewer than two of a slot's list can store; of any slot. */
  isOrphaned(slot: number): boolean {
    return this.#areFew(this.#world.peers.listOf(slot), (id) => this.#stores(id))
  }

  #areFew(list: readonly NodeId[], isThere: (id: NodeId) => boolean): boolean {
    return list.filter(isThere).length < Math.min(2, list.length)
  }

  #stores(id: NodeId): boolean {
    const { nodeId, peers, storing } = this.#world
    return id === nodeId ? storing : peers.isStoring(id)
  }

  /** Has a task belong to the queues of its slot. */
  place(task: OpenTask): void {
    task.contest = this.of(task.slot)
    if (task.contest !== FIRM && task.shuffle === 0) task.shuffle = shuffleOf(this.#world.nodeId, task.id)
  }
}
