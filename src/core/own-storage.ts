/**
 * Whether this node stores: what it says of itself, and whom it grants to (protocol.md, sections 4 and 5).
 *
 * States: storing -> failing (writes fail) | hung (nothing was committed for `HUNG_MS` although something waits) -> storing.
 *
 * 1. What waits for a node that was not heard of lately does not count: liveness.ts judges that one.
 * 2. Failing, requests that would write are refused; hung, they wait: what they wrote may yet be committed.
 * 3. A node that hung has to be steady again before it takes slots from a live owner.
 * 4. A node that knows no other is never hung: nobody could go on in its place.
 */
import type { CoreParts } from './core-parts.ts'
import type { MeshErrorCode } from './errors.ts'
import type { World } from './world.ts'

const HUNG_MS = 10_000

/** The code of a refusal, and what to do, for people. */
type Refusal = readonly [MeshErrorCode, string]
export const STOPPING: Refusal = ['MESH_STOPPING', 'the node is stopping: ask again when it runs']

type StorageParts = Pick<CoreParts, 'claims' | 'contested' | 'peers' | 'takeover'>

export class OwnStorage {
  readonly #world: World
  readonly #parts: StorageParts
  #isHung = false
  #awaitedFrom: number | undefined
  /** When something was committed last, or began to wait. */
  #movedMs = 0
  problem: 'disk-full' | 'failing' | undefined

  constructor(world: World, parts: StorageParts) {
    this.#world = world
    this.#parts = parts
  }

  /** The store can be written no longer, or again. */
  changed(problem: OwnStorage['problem']): void {
    this.problem = problem
    this.#say()
    if (problem !== undefined) this.#world.requests.refuseWrites(...refusalOf(problem))
  }

  /** What waits has another way now. */
  moved(): void {
    this.#movedMs = this.#world.nowMs
  }

  /** To be called with every step. */
  look(): void {
    const { commits, nowMs, peers } = this.#world
    const { awaitedFrom } = commits
    if (awaitedFrom === undefined || awaitedFrom !== this.#awaitedFrom) this.moved()
    this.#awaitedFrom = awaitedFrom
    const isHung = nowMs >= this.#movedMs + HUNG_MS && peers.members.length > 1
    if (isHung === this.#isHung) return
    this.#isHung = isHung
    if (isHung) this.#parts.takeover.flapped()
    this.#say()
  }

  /** Why nothing that has to be written is taken now, if so. */
  get refusal(): Refusal | undefined {
    if (this.#parts.claims.stopping) return STOPPING
    return this.problem && refusalOf(this.problem)
  }

  #say(): void {
    const isStoring = this.problem === undefined && !this.#isHung
    if (isStoring === this.#world.storing) return
    this.#parts.claims.storing = isStoring
    this.#world.storing = isStoring
    this.#parts.contested.changed()
    this.#parts.peers.liveness.storing(isStoring, this.#world.nowMs)
  }
}

/** Why a request is refused while the store cannot be written. */
function refusalOf(problem: 'disk-full' | 'failing'): Refusal {
  return problem === 'disk-full'
    ? ['MESH_DISK_FULL', 'the disk of the data directory is full: free some space, then ask again']
    : ['MESH_STORAGE', 'the store cannot be written: see the log of the node, then ask again']
}
