/** The parts of a node's core; core-wiring.ts ties them together. */
import { Away } from './away.ts'
import type { BatchBook } from './batch-book.ts'
import { BatchLists } from './batch-lists.ts'
import { BatchRequests } from './batch-requests.ts'
import { BatchSpreading } from './batch-spreading.ts'
import { BatchStop } from './batch-stop.ts'
import { Claims } from './claims.ts'
import { CopiedSlots } from './copied-slots.ts'
import { Copies } from './copies.ts'
import { HolderDesk } from './holder-desk.ts'
import { Holding } from './holding.ts'
import { Intake } from './intake.ts'
import { Leaving } from './leaving.ts'
import { Ledger } from './ledger.ts'
import { Load } from './load.ts'
import { LoadRows } from './load-rows.ts'
import { Loading } from './loading.ts'
import { MemberNews } from './member-news.ts'
import { MemberRequests } from './member-requests.ts'
import { Mesh } from './mesh.ts'
import type { MeshPeers } from './mesh-peers.ts'
import { Operator } from './operator.ts'
import { OwnerDesk } from './owner-desk.ts'
import { Ownership } from './ownership.ts'
import { Partners } from './partners.ts'
import { Places } from './places.ts'
import { Reads } from './reads.ts'
import { Recollection } from './recollection.ts'
import { Replica } from './replica.ts'
import { Replication } from './replication.ts'
import { Reports } from './reports.ts'
import { Router } from './router.ts'
import { Scrub } from './scrub.ts'
import { SharedLists } from './shared-lists.ts'
import { Stealing } from './stealing.ts'
import { Sync } from './sync.ts'
import { Takeover } from './takeover.ts'
import { TaskRequests } from './task-requests.ts'
import { Tombstones } from './tombstones.ts'
import type { World } from './world.ts'

export type CoreParts = ReturnType<typeof makeParts>

export function makeParts(world: World, meshId: string, book: BatchBook, peers: MeshPeers) {
  const places = new Places(world.nodeSettings)
  const ownership = new Ownership(world)
  const ledger = new Ledger(world, book)
  const holding = new Holding(world, places)
  const claims = new Claims(world, book, ledger, places, ownership, holding)
  const loading = new Loading(world, book, ledger, claims)
  const copied = new CopiedSlots()
  const intake = new Intake(world, book, ledger, claims, ownership, copied)
  const operator = new Operator(world, ledger, claims, loading, ownership)
  const router = new Router(world, ownership)
  const reads = new Reads(world)
  const copies = new Copies(world, { book, ownership, ledger, loading, claims, intake })
  const sync = new Sync(world, reads, copies, ownership)
  const reports = new Reports(world, ownership)
  const rows = new LoadRows()
  const load = new Load(world, book, places, ownership)
  const batches = new BatchLists(world, book)
  const spreading = new BatchSpreading(world, batches)
  const stop = new BatchStop(world, book, claims, holding)
  const takeover = new Takeover(world, ownership, sync, reads)
  const lists = new SharedLists(world, peers, batches)
  const news = new MemberNews(world, peers, lists)
  const members = new MemberRequests(world, peers)
  return {
    peers,
    places,
    partners: new Partners(claims.leases, places),
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
    lists,
    spreading,
    stop,
    batchRequests: new BatchRequests(world, meshId, book, spreading, stop),
    tombstones: new Tombstones(world, { book, claims, stop, intake, reports, router }),
    requests: new TaskRequests(world, { book, intake, operator, ownership, router }),
    takeover,
    news,
    members,
    away: new Away(world, peers),
    leaving: new Leaving(world, { peers, ownership, reads, sync, members }),
    recollection: new Recollection(world, ownership, sync, takeover),
    scrub: new Scrub(world, ownership, sync, copied),
    replication: new Replication(world, ownership),
    replica: new Replica(world, ownership, copies),
    stealing: new Stealing(world, book, claims, places, rows),
    ownerDesk: new OwnerDesk(world, { book, claims, copies, loading, ownership }),
    holderDesk: new HolderDesk(world, { book, places, holding, claims, reports, ownership }),
    mesh: new Mesh(world, { meshId, peers, ownership, batches, load, rows, news, lists }),
  }
}
