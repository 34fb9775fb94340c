/** Ties the parts of a node's core together: who tells whom of what. */
import type { Batch, BatchBook } from './batch-book.ts'
import type { CoreParts } from './core-parts.ts'
import { type NodeId, slotOf } from './ids.ts'
import { rowBytes } from './intake.ts'
import type { Handlers } from './mesh.ts'
import type { Grant } from './messages.ts'
import { partsBy } from './parts.ts'
import { SlotSet } from './slot-set.ts'
import type { World } from './world.ts'

/** Half a frame: sizes of grants are estimates. */
const GRANT_BYTES_MAX = 2 * 1024 * 1024

export function tieParts(world: World, book: BatchBook, parts: CoreParts): void {
  world.commits.copying = parts.replication
  parts.mesh.handle({ ...slotHandlers(parts), ...workHandlers(parts), ...taskHandlers(parts) })
  tiePeers(parts)
  tieMembers(world, parts)
  tieSlots(book, parts)
  tieBatches(parts)
  tieAttempts(world, parts)
}

function slotHandlers({ mesh, ownership, reports, takeover, sync, replica, replication }: CoreParts): Handlers {
  return {
    serving: (_from, { runs }) => {
      ownership.learn(runs)
      reports.sendAll()
    },
    promise: (from, message) => {
      takeover.asked(from, message)
      // It holds this node for dead or for one that does not store: they would take the slots from each other for ever.
      if (ownership.wants(message.slots)) mesh.beat(from)
    },
    promised: (from, message) => takeover.promised(from, message),
    'digests-wanted': (from, message) => sync.digestsWanted(from, message),
    digests: (_from, message) => sync.digests(message),
    'slot-wanted': (from, message) => sync.slotWanted(from, message),
    slot: (_from, message) => sync.slot(message),
    facts: (from, message) => replica.facts(from, message),
    'facts-stored': (from, message) => replication.stored(from, message),
    'not-owner': (_from, { ballots }) => {
      ownership.learn(ballots)
      // What this node served last, as it may learn only now, it takes over anew.
      takeover.yielded()
    },
  }
}

function workHandlers({ stealing, holderDesk, ownerDesk, holding, reports }: CoreParts): Handlers {
  return {
    claim: (from, message) => stealing.claimed(from, message),
    granted: (from, message) => holderDesk.accept(from, stealing.granted(from, message)),
    work: (from, message) => stealing.told(from, message),
    started: (from, message) => ownerDesk.started(from, message),
    held: (from, message) => ownerDesk.held(from, message),
    kill: (_from, { tokens, outcome }) => holding.kill(tokens, outcome),
    ended: (from, message) => ownerDesk.ended(from, message),
    settled: (_from, { tokens }) => reports.settled(tokens),
  }
}

function taskHandlers({ batches, requests, spreading, stop, askedTallies, exactCounts }: CoreParts): Handlers {
  return {
    batches: (from, message) => spreading.heard(from, message),
    'batches-stored': (_from, message) => spreading.stored(message),
    'stop-batch': (_from, message) => stop.heard(message),
    intake: (from, message) => {
      batches.learn([message.record])
      requests.intakeAsked(from, message)
    },
    taken: (from, message) => requests.taken(from, message),
    'change-tasks': (from, message) => requests.changeAsked(from, message),
    changed: (from, message) => requests.changed(from, message),
    'tallies-wanted': (from, message) => askedTallies.asked(from, message),
    tallies: (from, message) => {
      askedTallies.told(from, message)
      exactCounts.told(from, message)
    },
  }
}

function tiePeers(parts: CoreParts): void {
  const { mesh, peers, sync, router, stealing, takeover, replication, claims, holderDesk, reports, scrub } = parts
  const { copied, away, spreading, contested, ownerDesk, stop } = parts
  sync.onBrought = (slots) => scrub.brought(slots)
  scrub.onCompared = (peer) => contested.compared(peer)
  replication.singles.onSingle = (facts) => {
    if (!copied.isIdle) copied.drop(SlotSet.of(facts.map(({ fact }) => slotOf(fact.task))))
  }
  const onGone = (peer: NodeId) => {
    sync.disconnected(peer)
    copied.lost(peer)
    router.disconnected(peer)
    stealing.gone(peer)
    ownerDesk.gone(peer)
    takeover.gone(peer)
  }
  mesh.onDisconnected = onGone
  mesh.onGreeted = (peer) => {
    // In a large mesh connections come and go; who is up and who a member is does not hang on them.
    if (!peers.isLarge) takeover.changed()
    contested.changed()
    takeover.connected(peer)
    stealing.connected(peer)
    replication.connected(peer)
    spreading.connected(peer)
    stop.connected(peer)
    claims.leases.changed(peer)
    holderDesk.tell(peer)
    reports.sendAll()
    scrub.compare(peer)
  }
  mesh.onStanding = (peer) => {
    takeover.changed()
    contested.changed()
    replication.changed(peer)
    spreading.changed()
    claims.leases.changed(peer)
    if (!peers.isUp(peer)) onGone(peer)
    // What it could not store for a while it lacks now.
    else if (peers.isStoring(peer)) scrub.compare(peer)
    else copied.lost(peer)
    away.changed()
  }
  mesh.onFlap = () => takeover.flapped()
}

/** Who is a member, and who is one no more. */
function tieMembers(world: World, parts: CoreParts): void {
  const { mesh, news, members, away, leaving, recollection, takeover, scrub, rows, claims, holding } = parts
  const { peers, batches, spreading, contested, askedTallies } = parts
  news.onIncarnation = (incarnation) => mesh.raise(incarnation)
  news.onConfirmed = (peer, entries) => members.confirmed(peer, entries)
  news.onOutlived = () => recollection.doubt()
  news.onChanged = (gone) => {
    for (const node of gone) {
      rows.forget(node)
      askedTallies.forget(node)
      mesh.onStanding(node)
    }
    takeover.changed()
    away.changed()
    spreading.changed()
    contested.changed()
  }
  news.onLists = () => scrub.compareAll()
  members.onMarked = (entries) => news.say(entries)
  away.onMarked = (entries) => news.say(entries)
  leaving.onBegin = () => {
    claims.grantsTo = 'others'
    holding.stopping = true
  }
  leaving.onDrained = () => {
    claims.grantsTo = 'nobody'
  }
  leaving.onUndone = (entry, goesOn) => {
    news.say([entry])
    if (!goesOn) return
    claims.grantsTo = 'all'
    holding.stopping = false
  }
  leaving.onLeft = (entry) => {
    news.say([entry])
    for (const peer of peers.connected) batches.sendTo(peer, false)
  }
  mesh.greeting.onCloned = () => {
    const message = `another node runs with the identity ${world.nodeId}: give this one a data directory of its own`
    world.out({ type: 'fatal', code: 'MESH_CLONED_ID', message })
  }
}

function tieSlots(book: BatchBook, parts: CoreParts): void {
  const { ownership, takeover, claims, contested, reads, reports, scrub, batches, copied, peers, holderDesk } = parts
  const { keptTallies } = parts
  ownership.onYield = (slots) => {
    contested.changed()
    copied.drop(slots)
    takeover.yielded()
    for (const task of [...book.tasks.values()]) {
      if (!slots.has(task.slot)) continue
      claims.drop(task)
      book.forget(task)
    }
    for (const batch of book.batches.values()) batch.drop(slots)
    book.changed()
    holderDesk.yielded(slots)
  }
  /** Has tasks counted: of slots that this node begins to serve, or of batches that it did not know. */
  const countAnew = (its: readonly Batch[], slots: SlotSet) => {
    for (const batch of its) batch.countAnew(slots)
    book.changed()
    if (its.length === 0 || slots.size === 0) return
    const empty = slots.copy()
    reads.digests(slots.runs(), (digests) => {
      for (const { slot } of digests) empty.delete(slot)
      for (const batch of its) batch.areEmpty(empty)
    })
  }
  takeover.onServe = (slots) => {
    contested.changed()
    countAnew([...book.batches.values()], slots)
    reports.sendAll()
    scrub.compareAll()
  }
  takeover.hasWork = () => book.batches.size > 0
  batches.onNew = (batch) => {
    takeover.serveAlone()
    if (keptTallies.noteNew(batch)) batch.countAnew(ownership.served())
    // Where no other node was ever known nobody else can have stated tasks of it.
    else if (peers.list.entries.length > 1) countAnew([batch], ownership.served())
  }
}

function tieBatches({ batches, spreading, lists, tombstones }: CoreParts): void {
  spreading.onNews = (records) => lists.passOnBatches(records)
  batches.onDeleted = (tombstone) => tombstones.bury(tombstone)
}

function tieAttempts(world: World, parts: CoreParts): void {
  const { claims, places, rows, reports, ownerDesk, holding, idle, breaker, loading, stealing } = parts
  holding.onOver = (held, end) => {
    idle.ended(held)
    breaker.ended(held.grant, end)
  }
  claims.progress.capableNodes = (profile) => {
    const others = rows.performers(world, profile).length
    return Math.max(1, others + (places.isCapable(profile) && !claims.stopping ? 1 : 0))
  }
  claims.isReported = (token) => reports.has(token)
  loading.isAwaited = () => stealing.hasParked
  claims.onGranted = (holder, grants, seq) => {
    const pieces = partsBy(grants, grantBytes, GRANT_BYTES_MAX)
    if (pieces.length === 0) pieces.push([])
    for (const part of pieces) world.send(holder, { type: 'granted', seq, grants: part, parked: false })
  }
  claims.kills.onKill = (holder, tokens, outcome) => world.send(holder, { type: 'kill', tokens, outcome })
  reports.onOwn = (ended) => ownerDesk.take(ended, world.nodeId)
  ownerDesk.onOwnSettled = (tokens) => reports.settled(tokens)
}

/** What a grant takes in a message, or a little more. */
function grantBytes(grant: Grant): number {
  return rowBytes(grant) + 256
}
