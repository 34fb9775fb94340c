/** The answer of `status` for people: batches with bars and sums, nodes in a table, warnings. */
import {
  type Column,
  formatBar,
  formatBytes,
  formatCount,
  formatPercent,
  formatPlural,
  formatRate,
  formatSeconds,
  formatTable,
  formatText,
} from '../../control/format.ts'
import type { BatchView, NodeView, StatusView } from '../../node/api.ts'

const BAR_WIDTH = 28
const SIDE_GAP = 4

/** The whole status, a line each. */
export function renderStatus(status: StatusView): string[] {
  const width = Math.max(0, ...status.batches.map(({ name }) => name.length))
  return [
    renderHeader(status),
    ...(status.batches.length === 0 ? ['no batches yet: add prompts with `promptmesh seed FILE`'] : []),
    ...status.batches.flatMap((batch) => renderBatch(batch, width)),
    ...formatTable(
      NODE_COLUMNS,
      status.nodes.map((node) => nodeRow(node, node.name === status.asked)),
    ),
    ...status.warnings.map((warning) => `! ${formatText(warning)}`),
  ]
}

/** Batches in a table, a line each. */
export function renderBatches(batches: readonly BatchView[]): string[] {
  return formatTable(BATCH_COLUMNS, batches.map(batchRow))
}

/** `40 / 1,632  2.4 %  12.3/s  ETA 2m 10s`, with its bar before it. */
export function renderBar(batch: BatchView): string {
  const done = batch.completed + batch.failed + batch.cancelled
  const parts = [
    formatBar(done, batch.total, BAR_WIDTH),
    `${formatCount(done)} / ${formatCount(batch.total)}`,
    formatPercent(done, batch.total),
  ]
  if (done < batch.total && batch.ratePerSecond !== null) parts.push(formatRate(batch.ratePerSecond))
  const state = batchState(batch)
  if (state !== 'running') parts.push(state)
  else if (batch.etaSeconds !== null) parts.push(`ETA ${formatSeconds(batch.etaSeconds)}`)
  return parts.join('  ')
}

function renderHeader({ asked, viewAgeSeconds, settled, members, nodes }: StatusView): string {
  const { alive, suspect, dead, left } = members
  const states = [`${alive} alive`]
  if (suspect > 0) states.push(`${suspect} suspect`)
  if (dead > 0) states.push(`${dead} dead`)
  if (left > 0) states.push(`${left} left`)
  const mesh = `${formatPlural(nodes.length, 'node')}: ${states.join(', ')}`
  const view = `view ${formatSeconds(viewAgeSeconds)} old, ${settled ? 'settled' : 'not settled yet'}`
  return `${mesh}${' '.repeat(SIDE_GAP)}asked ${asked}, ${view}`
}

function renderBatch(batch: BatchView, width: number): string[] {
  const sum = `${renderCounts(batch)}${' '.repeat(SIDE_GAP)}= ${formatCount(batch.total)}`
  const lines = [`${batch.name.padEnd(width)} ${renderBar(batch)}`, `${' '.repeat(width + 1)}${sum}`]
  if (batch.blocked !== null) lines.push(`! ${batch.name}: ${formatText(batch.blocked)}`)
  return lines
}

/** Counts that add up to the total: tasks that wait for another attempt are told apart from those that wait for their first. */
function renderCounts(batch: BatchView): string {
  const { waiting, retrying, scheduled, running, failed, cancelled, completed } = batch
  const counts = [
    { name: 'waiting', count: waiting - retrying, always: true },
    { name: 'scheduled', count: scheduled, always: false },
    { name: 'running', count: running, always: true },
    { name: 'retrying', count: retrying, always: false },
    { name: 'failed', count: failed, always: true },
    { name: 'cancelled', count: cancelled, always: false },
    { name: 'completed', count: completed, always: true },
  ]
  const shown = counts.filter(({ count, always }) => always || count > 0)
  return shown.map(({ name, count }) => `${name} ${formatCount(count)}`).join('  ')
}

function batchState({
  batchCancelled,
  paused,
  completed,
  failed,
  cancelled,
  total,
  running,
  blocked,
}: BatchView): string {
  if (batchCancelled) return 'cancelled'
  if (total === 0) return 'empty'
  if (completed + failed + cancelled >= total) return 'finished'
  if (paused) return 'paused'
  return blocked !== null && running === 0 ? 'blocked' : 'running'
}

const NODE_COLUMNS: readonly Column[] = [
  { title: 'NODE' },
  { title: 'STATE' },
  { title: 'PROFILES' },
  { title: 'BUSY', align: 'right' },
  { title: 'S/IMG', align: 'right' },
  { title: 'IMG/H', align: 'right' },
  { title: 'COMPLETED', align: 'right' },
  { title: 'FAILED', align: 'right' },
  { title: 'STOLEN', align: 'right' },
  { title: 'FINISHES' },
  { title: 'DISK', align: 'right' },
  { title: '' },
]

function nodeRow(node: NodeView, asked: boolean): string[] {
  const { medianSeconds: median, finishSeconds: finish, diskFreeBytes: disk } = node
  return [
    asked ? `${node.name} *` : node.name,
    node.state,
    node.profiles.join(',') || '-',
    `${node.busy}/${node.places}`,
    median === null ? '-' : median.toFixed(median < 9.995 ? 2 : 1),
    median === null ? '-' : formatCount((3600 * node.places) / Math.max(median, 0.001)),
    formatCount(node.completed),
    formatCount(node.failed),
    formatCount(node.stolenIn),
    finish === null || finish === 0 ? '-' : formatSeconds(finish),
    disk === null ? '-' : formatBytes(disk),
    node.reason === null ? '' : formatText(node.reason),
  ]
}

const BATCH_COLUMNS: readonly Column[] = [
  { title: 'BATCH' },
  { title: 'PROFILE' },
  { title: 'STATE' },
  { title: 'TOTAL', align: 'right' },
  { title: 'WAITING', align: 'right' },
  { title: 'RUNNING', align: 'right' },
  { title: 'COMPLETED', align: 'right' },
  { title: 'FAILED', align: 'right' },
  { title: 'CANCELLED', align: 'right' },
  { title: 'PRIORITY', align: 'right' },
  { title: 'RATE', align: 'right' },
  { title: 'ETA' },
]

function batchRow(batch: BatchView): string[] {
  return [
    batch.name,
    batch.profile,
    batchState(batch),
    formatCount(batch.total),
    formatCount(batch.waiting),
    formatCount(batch.scheduled + batch.running),
    formatCount(batch.completed),
    formatCount(batch.failed),
    formatCount(batch.cancelled),
    String(batch.priority),
    batch.ratePerSecond === null ? '-' : formatRate(batch.ratePerSecond),
    batch.etaSeconds === null || batch.etaSeconds === 0 ? '-' : formatSeconds(batch.etaSeconds),
  ]
}
