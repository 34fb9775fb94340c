/** Status as people and scripts see it, from what the core and the machine say. */
import type { CoreBatchView, CoreProfileView, CoreView } from '../core/view.ts'
import type { BatchView, NodeView, StatusView } from './api.ts'
import type { Rate } from './rate.ts'

export interface StatusInputs {
  readonly core: CoreView
  readonly nodeId: string
  readonly nodeName: string
  readonly version: string
  readonly nowMs: number
  readonly rates: ReadonlyMap<string, Rate>
  readonly diskFreeBytes: number | null
  readonly damaged: number
}

export function statusView(inputs: StatusInputs): StatusView {
  const batches = inputs.core.batches.map((batch) => batchView(batch, inputs))
  return {
    schema: 'promptmesh.status/1',
    asked: inputs.nodeName,
    viewAgeSeconds: (inputs.core.oldestRowMs ?? 0) / 1_000,
    settled: inputs.core.batches.every((batch) => isSettled(batch, inputs.core)) && inputs.core.whole,
    members: { alive: 1, suspect: 0, dead: 0, left: 0 },
    slots: { owned: 16_384, unowned: 0, orphaned: inputs.core.contested },
    batches,
    nodes: [nodeView(inputs, batches)],
    warnings: warningsOf(inputs),
  }
}

export function batchView(batch: CoreBatchView, inputs: StatusInputs): BatchView {
  const { record, counts, scheduled, running } = batch
  const stopped = record.fields.cancelled.value
  const { open } = batch
  // The core counts attempts at once and completions when they are synced; between the two, show the smaller.
  const shownRunning = Math.min(running, open)
  const shownScheduled = Math.min(scheduled, open - shownRunning)
  const waiting = open - shownRunning - shownScheduled
  const blocked = blockedBecause(batch, inputs)
  const isHeld = record.fields.paused.value || blocked !== null
  const ratePerSecond = inputs.rates.get(record.id)?.perSecond(inputs.nowMs) ?? null
  return {
    name: record.name,
    id: record.id,
    profile: record.fields.profile.value,
    priority: record.fields.priority.value,
    paused: record.fields.paused.value,
    batchCancelled: stopped,
    total: counts.total,
    waiting: stopped ? 0 : waiting,
    scheduled: shownScheduled,
    running: shownRunning,
    completed: counts.completed,
    failed: counts.failed,
    cancelled: counts.cancelled + (stopped ? waiting : 0),
    // Of a cancelled batch nothing is tried again.
    retrying: stopped ? 0 : Math.min(batch.retrying, waiting),
    extraExecutions: counts.extra,
    ratePerSecond,
    etaSeconds: open === 0 || stopped ? 0 : isHeld || !ratePerSecond ? null : open / ratePerSecond,
    blocked,
    settled: isSettled(batch, inputs.core),
  }
}

function isSettled({ uncounted }: CoreBatchView, { whole }: CoreView): boolean {
  return whole && uncounted === 0
}

/** Why nothing of the batch runs although it should, or null. */
function blockedBecause({ record, open, scheduled, running }: CoreBatchView, { core }: StatusInputs): string | null {
  const { paused, cancelled, profile } = record.fields
  if (open === 0 || scheduled + running > 0 || paused.value || cancelled.value || core.stopping) return null
  if (core.storageProblem !== undefined) return storageWarning(core.storageProblem)
  const performed = core.profiles.find((each) => each.name === profile.value)
  if (performed === undefined) return `no node has a profile ${profile.value}: add it to the config of one`
  if (performed.places === 0) return `profile ${profile.value} has no places here: the node takes no work`
  return performed.rest?.forGood === true ? restWarning(performed, 0) : null
}

function nodeView(
  { core, nodeId, nodeName, version, diskFreeBytes }: StatusInputs,
  batches: readonly BatchView[],
): NodeView {
  const sum = (of: (profile: CoreProfileView) => number) => core.profiles.reduce((total, each) => total + of(each), 0)
  const medians = core.profiles.flatMap(({ medianMs }) => (medianMs === undefined ? [] : [medianMs]))
  const etas = batches
    .filter((batch) => batch.waiting + batch.scheduled + batch.running > 0)
    .map((batch) => batch.etaSeconds)
  return {
    name: nodeName,
    id: nodeId,
    state: 'alive',
    reason: core.stopping ? 'stopping' : (core.storageProblem ?? null),
    places: sum((profile) => profile.places),
    busy: sum((profile) => profile.busy),
    profiles: core.profiles.map(({ name }) => name),
    medianSeconds: medians.length === 0 ? null : Math.max(...medians) / 1_000,
    // One node has done everything that is done.
    completed: batches.reduce((total, batch) => total + batch.completed, 0),
    failed: batches.reduce((total, batch) => total + batch.failed, 0),
    stolenIn: 0,
    stolenOut: 0,
    finishSeconds: etas.includes(null) ? null : Math.max(0, ...etas.map((eta) => eta ?? 0)),
    diskFreeBytes,
    version,
  }
}

function warningsOf({ core, damaged, nowMs }: StatusInputs): string[] {
  const warnings: string[] = []
  if (core.storageProblem !== undefined) warnings.push(storageWarning(core.storageProblem))
  for (const profile of core.profiles) {
    if (profile.rest !== undefined && profile.rest.untilMs > nowMs) warnings.push(restWarning(profile, nowMs))
  }
  if (damaged > 0) {
    warnings.push(
      `${damaged} records on disk were damaged and left out: seed the same files again to add what is missing`,
    )
  }
  return warnings
}

function restWarning({ name, rest }: CoreProfileView, nowMs: number): string {
  if (rest === undefined) return `profile ${name} rests`
  if (rest.forGood) return `profile ${name} cannot run here: ${rest.reason}; mend it and start the node again`
  if (rest.untilMs === Number.POSITIVE_INFINITY) return `profile ${name} rests: ${rest.reason}`
  const seconds = Math.max(0, Math.ceil((rest.untilMs - nowMs) / 1_000))
  return `profile ${name} rests for ${seconds} s: ${rest.reason}`
}

function storageWarning(problem: 'disk-full' | 'failing'): string {
  return problem === 'disk-full'
    ? 'the disk of the data directory is full: nothing starts until there is space'
    : 'the store cannot be written: nothing starts until it can; see the log of the node'
}
