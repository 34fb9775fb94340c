/** What seeding says: how far it is, and what became of the lines. */
import { formatBar, formatBytes, formatCount, formatPercent, formatRate, formatText } from '../../control/format.ts'
import type { InputReport } from '../../intake/rows.ts'
import type { SeedAnswer } from '../../node/api.ts'

const BAR_WIDTH = 28
/** Bad lines that are named. */
const BAD_LINES_SHOWN = 5

/** `1,632 read: 1,632 new, 0 already there, 0 blank, 0 bad`, and the first bad lines by number. */
export function renderSeeded(answer: SeedAnswer, report: InputReport): string[] {
  const { read, blank, bad, badLines } = report
  const counts = [`${formatCount(answer.new)} new`, `${formatCount(answer.existing)} already there`]
  counts.push(`${formatCount(blank)} blank`, `${formatCount(bad)} bad`)
  const named = badLines.slice(0, BAD_LINES_SHOWN)
  const lines = named.map(({ line, reason }) => `  line ${formatCount(line)}: ${formatText(reason)}`)
  if (bad > named.length) lines.push(`  and ${formatCount(bad - named.length)} more`)
  return [`${answer.batch}: ${formatCount(read)} read: ${counts.join(', ')}`, ...lines]
}

/**
 * How far the seeding is: a share of what the node has acknowledged. Before it tells that (`acknowledged` is undefined),
 * only what was read; and a stream has no end to be near to.
 */
export function renderSeeding(
  report: InputReport,
  acknowledged: number | undefined,
  startedMs: number,
): string | undefined {
  const { read, bytesRead, totalBytes } = report
  if (read === 0) return undefined
  if (acknowledged === undefined) return `seeding  ${formatCount(read)} read  ${formatBytes(bytesRead)}`
  const seconds = Math.max(0.001, (performance.now() - startedMs) / 1000)
  const bytes = Math.floor((bytesRead * acknowledged) / read)
  const parts = [`${formatCount(acknowledged)} seeded`, formatBytes(bytes), formatRate(acknowledged / seconds)]
  if (totalBytes === undefined || totalBytes === 0) return `seeding  ${parts.join('  ')}`
  const share = [formatBar(bytes, totalBytes, BAR_WIDTH), formatPercent(bytes, totalBytes)]
  return ['seeding', ...share, ...parts].join('  ')
}
