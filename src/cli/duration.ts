/** Durations as people write them: `500ms`, `30s`, `5m`, `1.5h`, `2d`, or plain seconds. */

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
/** Longer than anyone waits, and still exact as a number of milliseconds. */
export const DURATION_MS_MAX = 10_000 * UNIT_MS.d
export const DAY_MS = UNIT_MS.d

/** How a duration is written, for the messages of whoever refuses one. */
export const DURATION_FORM = 'seconds such as 600, or a number with its unit such as 500ms, 30s, 5m or 1.5h'

/** The milliseconds of a duration, rounded to whole ones, NaN where the text is none; a number without a unit counts seconds. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|m|h|d)?$/i.exec(text.trim())
  const unit = (match?.[2]?.toLowerCase() ?? 's') as keyof typeof UNIT_MS
  return match === null ? Number.NaN : Math.round(Number(match[1]) * UNIT_MS[unit])
}
