/** What `run` says: how it goes, what came of it, and which tasks failed and why. */
import { formatCount, formatPlural, formatSeconds, formatText } from '../../control/format.ts'
import type { PullResult } from '../../control/pull.ts'
import type { BatchView, TaskView } from '../../node/api.ts'
import { renderBar } from './status.ts'

/** Groups of failures that are named. */
const GROUPS_SHOWN = 5

/** The bar of a batch, with what failed. */
export function renderRunning(view: BatchView): string {
  const failed = view.failed > 0 ? `  failed ${formatCount(view.failed)}` : ''
  const retrying = view.retrying > 0 ? `  retrying ${formatCount(view.retrying)}` : ''
  return `${view.name} ${renderBar(view)}${retrying}${failed}`
}

/** `40 pictures in images, 3.2 s`; what was there before is said, for it explains the time. */
export function renderEnd(result: PullResult, folder: string, before: number, seconds: number): string {
  const { written, present } = result
  const files = written + present
  const there = before === 0 ? '' : ` (${formatCount(before)} were there already)`
  return `${formatPlural(files, 'picture')} in ${folder}${there}, ${formatSeconds(seconds)}`
}

interface FailureGroup {
  readonly error: string
  readonly labels: string[]
  count: number
}

/** A line for each of the most frequent errors of some failed tasks, with the first that met it. */
export function renderFailures(tasks: readonly TaskView[], view: BatchView): string[] {
  const groups = new Map<string, FailureGroup>()
  for (const { label, error } of tasks) countFailure(groups, label, error ?? 'no reason was kept')
  const sorted = [...groups.values()].sort((a, b) => b.count - a.count)
  const lines = sorted.slice(0, GROUPS_SHOWN).map(({ error, labels, count }) => {
    const more = count > labels.length ? ', …' : ''
    return `  ${formatCount(count)} x ${formatText(error, 160)}  (${view.name}/${labels.join(`, ${view.name}/`)}${more})`
  })
  if (sorted.length > lines.length) lines.push(`  and ${formatPlural(sorted.length - lines.length, 'other error')}`)
  return [`${formatPlural(view.failed, 'task')} failed:`, ...lines]
}

const LABELS_KEPT = 3

function countFailure(groups: Map<string, FailureGroup>, label: string, error: string): void {
  const group = groups.get(error) ?? { error, labels: [], count: 0 }
  group.count += 1
  if (group.labels.length < LABELS_KEPT) group.labels.push(label)
  groups.set(error, group)
}
