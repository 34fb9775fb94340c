/** Ties the parts of a node's core together: who tells whom of what. */
import type { Batch, BatchBook } from './batch-book.ts'
import type { CoreParts } from './core-parts.ts'
import type { NodeId } from './ids.ts'
import type { Handlers } from './mesh.ts'
import type { SlotSet } from './slot-set.ts'
import type { World } from './world.ts'

export function tieParts(world: World, book: BatchBook, parts: CoreParts): void {
  world.commits.copying = parts.replication
  parts.mesh.handle({ ...slotHandlers(parts), ...workHandlers(parts), ...taskHandlers(book, parts) })
  tiePeers(parts)
  tieSlots(book, parts)
  tieBatches(book, parts)
  tieAttempts(world, parts)
}

function slotHandlers({ ownership, reports, takeover, sync, replica, replication }: CoreParts): Handlers {
  return {
    serving: (_from, { runs }) => {
      ownership.learn(runs)
      reports.sendAll()
    },
    promise: (from, message) => takeover.asked(from, message),
    promised: (from, message) => takeover.promised(from, message),
    'digests-wanted': (from, message) => sync.digestsWanted(from, message),
    digests: (_from, message) => sync.digests(message),
    'slot-wanted': (from, message) => sync.slotWanted(from, message),
    slot: (_from, message) => sync.slot(message),
    facts: (from, message) => replica.facts(from, message),
    'facts-stored': (from, message) => replication.stored(from, message),
    'not-owner': (_from, { ballots }) => ownership.learn(ballots),
  }
}

function workHandlers({ stealing, holderDesk, ownerDesk, holding, reports }: CoreParts): Handlers {
  return {
    claim: (from, message) => stealing.claimed(from, message),
    granted: (from, message) => holderDesk.accept(from, stealing.granted(from, message)),
    work: (from) => stealing.told(from),
    started: (from, message) => ownerDesk.started(from, message),
    held: (from, message) => ownerDesk.held(from, message),
    kill: (_from, { tokens, outcome }) => holding.kill(tokens, outcome),
    ended: (from, message) => ownerDesk.ended(from, message),
    settled: (_from, { tokens }) => reports.settled(tokens),
  }
}

function taskHandlers(book: BatchBook, { batches, requests }: CoreParts): Handlers {
  return {
    intake: (from, message) => {
      batches.learn([message.record])
      const batch = book.get(message.record.id)
      if (batch !== undefined) requests.intakeAsked(from, batch, message)
    },
    taken: (from, message) => requests.taken(from, message),
    'change-tasks': (from, message) => requests.changeAsked(from, message),
    changed: (from, message) => requests.changed(from, message),
  }
}

function tiePeers(parts: CoreParts): void {
  const { mesh, peers, sync, router, stealing, takeover, replication, claims, holderDesk, reports, scrub } = parts
  const { contested, copied } = parts
  replication.onSingle = (slots) => copied.drop(slots)
  const onGone = (peer: NodeId) => {
    sync.disconnected(peer)
    copied.lost(peer)
    router.disconnected(peer)
    stealing.gone(peer)
    takeover.gone(peer)
  }
  mesh.onDisconnected = onGone
  mesh.onGreeted = (peer) => {
    takeover.changed()
    contested.changed()
    replication.connected(peer)
    claims.leases.changed(peer)
    holderDesk.tell(peer)
    reports.sendAll()
    scrub.compare(peer)
  }
  mesh.onStanding = (peer) => {
    takeover.changed()
    contested.changed()
    replication.changed(peer)
    claims.leases.changed(peer)
    if (!peers.isUp(peer)) onGone(peer)
    // What it could not store for a while it lacks now.
    else if (peers.isStoring(peer)) scrub.compare(peer)
    else copied.lost(peer)
  }
  mesh.onMembers = () => {
    takeover.changed()
    contested.changed()
  }
}

function tieSlots(book: BatchBook, parts: CoreParts): void {
  const { ownership, takeover, claims, contested, reads, reports, scrub, batches, copied } = parts
  ownership.onYield = (slots) => {
    contested.changed()
    copied.drop(slots)
    for (const task of [...book.tasks.values()]) {
      if (!slots.has(task.slot)) continue
      claims.drop(task)
      book.forget(task)
    }
    for (const batch of book.batches.values()) batch.drop(slots)
    book.changed()
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
  batches.onNew = (batch) => countAnew([batch], ownership.served())
}

function tieBatches(book: BatchBook, { operator, batches, mesh, peers }: CoreParts): void {
  operator.onChanged = (record, isNew) => {
    batches.changed()
    const batch = book.get(record.id)
    if (isNew && batch !== undefined && peers.members.length > 1) batches.onNew(batch)
    mesh.tellBatch([record])
  }
}

function tieAttempts(world: World, parts: CoreParts): void {
  const { claims, places, rows, reports, ownerDesk, holding, idle, breaker } = parts
  holding.onOver = (held, end) => {
    idle.ended(held)
    breaker.ended(held.grant, end)
  }
  claims.progress.capableNodes = (profile) => {
    const others = rows.performers(world, profile).length
    return Math.max(1, others + (places.isCapable(profile) ? 1 : 0))
  }
  claims.isReported = (token) => reports.has(token)
  claims.onGranted = (holder, grants, seq) => world.send(holder, { type: 'granted', seq, grants, parked: false })
  claims.kills.onKill = (holder, tokens, outcome) => world.send(holder, { type: 'kill', tokens, outcome })
  reports.onOwn = (ended) => ownerDesk.take(ended, world.nodeId)
  ownerDesk.onOwnSettled = (tokens) => reports.settled(tokens)
}
