/** The parts of a node's core; core-wiring.ts ties them together. */
import type { BatchBook } from './batch-book.ts'
import { BatchLists } from './batch-lists.ts'
import { Breaker } from './breaker.ts'
import { Claims } from './claims.ts'
import { Contested } from './contested.ts'
import { CopiedSlots } from './copied-slots.ts'
import { Copies } from './copies.ts'
import { Elsewhere } from './elsewhere.ts'
import { HolderDesk } from './holder-desk.ts'
import { Holding } from './holding.ts'
import { Idle } from './idle.ts'
import { Intake } from './intake.ts'
import { Ledger } from './ledger.ts'
import { Load } from './load.ts'
import { LoadRows } from './load-rows.ts'
import { Loading } from './loading.ts'
import { Mesh } from './mesh.ts'
import type { MeshPeers } from './mesh-peers.ts'
import { Operator } from './operator.ts'
import { OwnerDesk } from './owner-desk.ts'
import { Ownership } from './ownership.ts'
import { Places } from './places.ts'
import { Reads } from './reads.ts'
import { Replica } from './replica.ts'
import { Replication } from './replication.ts'
import { Reports } from './reports.ts'
import { Router } from './router.ts'
import { Scrub } from './scrub.ts'
import { Stealing } from './stealing.ts'
import { Sync } from './sync.ts'
import { Takeover } from './takeover.ts'
import { TaskRequests } from './task-requests.ts'
import type { World } from './world.ts'

export type CoreParts = ReturnType<typeof makeParts>

export function makeParts(world: World, meshId: string, book: BatchBook, peers: MeshPeers) {
  const places = new Places(world.nodeSettings)
  const ownership = new Ownership(world)
  const ledger = new Ledger(world, book)
  const holding = new Holding(world, places)
  const rows = new LoadRows()
  const contested = new Contested(world, book, ownership)
  const idle = new Idle(world, places, contested)
  const elsewhere = new Elsewhere(world, rows)
  const claims = new Claims(world, { book, ledger, places, ownership, holding, contested, idle, rows, elsewhere })
  const loading = new Loading(world, book, ledger, claims, contested)
  const copied = new CopiedSlots()
  const intake = new Intake(world, book, ledger, claims, ownership, copied)
  const operator = new Operator(world, meshId, book, ledger, claims, loading, ownership)
  const router = new Router(world, ownership)
  const reads = new Reads(world)
  const copies = new Copies(world, { book, ownership, ledger, loading, claims, intake })
  const sync = new Sync(world, reads, copies, ownership)
  const reports = new Reports(world, ownership)
  const load = new Load(world, { book, places, ownership, contested, claims })
  const batches = new BatchLists(world, book)
  return {
    peers,
    places,
    ownership,
    holding,
    claims,
    loading,
    copied,
    intake,
    operator,
    router,
    reads,
    sync,
    reports,
    rows,
    load,
    batches,
    requests: new TaskRequests(world, { book, intake, operator, ownership, router }),
    takeover: new Takeover(world, ownership, sync, reads),
    scrub: new Scrub(world, ownership, sync, copied),
    replication: new Replication(world, ownership),
    replica: new Replica(world, ownership, copies),
    contested,
    idle,
    breaker: new Breaker(world, places, {
      hasOther: (profile) => rows.performers(world, profile).some(({ resting }) => !resting),
      onFree: () => holding.onFree(),
    }),
    stealing: new Stealing(world, { book, claims, places, rows, elsewhere, idle }),
    ownerDesk: new OwnerDesk(world, { book, claims, copies, loading, ownership }),
    holderDesk: new HolderDesk(world, { places, holding, claims, reports, ownership }),
    mesh: new Mesh(world, { meshId, peers, ownership, batches, load, rows }),
  }
}
