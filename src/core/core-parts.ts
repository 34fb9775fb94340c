/** The parts of a node's core; core-wiring.ts ties them together. */
import { AskedTallies } from './asked-tallies.ts'
import { Away } from './away.ts'
import type { BatchBook } from './batch-book.ts'
import { BatchLists } from './batch-lists.ts'
import { BatchRequests } from './batch-requests.ts'
import { BatchSpreading } from './batch-spreading.ts'
import { BatchStop } from './batch-stop.ts'
import { Breaker } from './breaker.ts'
import { Claims } from './claims.ts'
import { Contested } from './contested.ts'
import { CopiedSlots } from './copied-slots.ts'
import { Copies } from './copies.ts'
import { Elsewhere } from './elsewhere.ts'
import { ExactCounts } from './exact-counts.ts'
import { HolderDesk } from './holder-desk.ts'
import { Holding } from './holding.ts'
import { Idle } from './idle.ts'
import { Intake } from './intake.ts'
import { KeptTallies } from './kept-tallies.ts'
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
import { Strays } from './strays.ts'
import { Sync } from './sync.ts'
import { Takeover } from './takeover.ts'
import { TaskRequests } from './task-requests.ts'
import { Tombstones } from './tombstones.ts'
import type { World } from './world.ts'

export type CoreParts = ReturnType<typeof makeParts>

/** What holds and grants attempts. */
function makeWork(world: World, book: BatchBook) {
  const places = new Places(world.nodeSettings)
  const ownership = new Ownership(world)
  const ledger = new Ledger(world, book)
  const holding = new Holding(world, places)
  const rows = new LoadRows()
  const contested = new Contested(world, book, ownership)
  const idle = new Idle(world, places, contested)
  const elsewhere = new Elsewhere(world, rows)
  const claims = new Claims(world, { book, ledger, places, ownership, holding, contested, idle, rows, elsewhere })
  const breaker = new Breaker(world, places, {
    hasOther: (profile) => rows.performers(world, profile).some(({ resting }) => !resting),
    onFree: () => holding.onFree(),
  })
  const load = new Load(world, { book, places, ownership, contested, claims })
  const stealing = new Stealing(world, { book, claims, places, rows, elsewhere, idle })
  const partners = new Partners(claims.leases, places)
  return { places, ownership, ledger, holding, rows, contested, idle, claims, breaker, load, stealing, partners }
}

/** What keeps the facts of tasks, here and elsewhere. */
function makeFacts(
  world: World,
  book: BatchBook,
  { ownership, ledger, claims, contested }: ReturnType<typeof makeWork>,
) {
  const loading = new Loading(world, book, ledger, claims, contested)
  const copied = new CopiedSlots()
  const intake = new Intake(world, book, ledger, claims, ownership, copied)
  const reads = new Reads(world)
  const copies = new Copies(world, { book, ownership, ledger, loading, claims, intake })
  const sync = new Sync(world, reads, copies, ownership)
  const takeover = new Takeover(world, ownership, sync, reads)
  const recollection = new Recollection(world, ownership, sync, takeover)
  const scrub = new Scrub(world, ownership, sync, copied)
  const replication = new Replication(world, ownership)
  const replica = new Replica(world, ownership, copies)
  return { loading, copied, intake, reads, copies, sync, takeover, recollection, scrub, replication, replica }
}

export function makeParts(world: World, meshId: string, book: BatchBook, peers: MeshPeers) {
  const work = makeWork(world, book)
  const facts = makeFacts(world, book, work)
  const { places, ownership, ledger, holding, rows, claims, load } = work
  const { loading, intake, reads, copies, sync } = facts
  const operator = new Operator(world, ledger, claims, loading, ownership)
  const router = new Router(world, ownership)
  const reports = new Reports(world, ownership)
  const batches = new BatchLists(world, book)
  const spreading = new BatchSpreading(world, batches)
  const stop = new BatchStop(world, book, claims, holding)
  const lists = new SharedLists(world, peers, batches)
  const news = new MemberNews(world, peers, lists)
  const members = new MemberRequests(world, peers)
  const leaving = new Leaving(world, { peers, ownership, reads, sync, members, batches })
  const { takeover, recollection } = facts
  return {
    ...work,
    ...facts,
    peers,
    router,
    reports,
    batches,
    lists,
    keptTallies: new KeptTallies(book),
    spreading,
    batchRequests: new BatchRequests(world, meshId, book, spreading, stop),
    stop,
    tombstones: new Tombstones(world, { book, claims, stop, intake, reports, router }),
    requests: new TaskRequests(world, { book, intake, operator, ownership, router }),
    news,
    members,
    askedTallies: new AskedTallies(world, { book, load, rows }),
    exactCounts: new ExactCounts(world, { book, load }),
    away: new Away(world, peers),
    leaving,
    strays: new Strays(world, { peers, ownership, takeover, recollection, leaving, reads, sync, intake }),
    ownerDesk: new OwnerDesk(world, { book, claims, copies, loading, ownership, stop }),
    holderDesk: new HolderDesk(world, { book, places, holding, claims, reports, ownership }),
    mesh: new Mesh(world, { meshId, peers, ownership, batches, load, rows, news, lists }),
  }
}
