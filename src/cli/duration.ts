/** Durations as people write them: `500ms`, `30s`, `5m`, `1.5h`, `2d`, or plain seconds. */
import { MeshError } from '../core/errors.ts'

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
/** Longer than anyone waits, and still exact as a number of milliseconds. */
const DURATION_MS_MAX = 10_000 * UNIT_MS.d

/**
 * The milliseconds of a duration, rounded to whole ones; a number without a unit counts seconds.
 * @throws MESH_BAD_REQUEST the text is not a duration
 */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|m|h|d)?$/i.exec(text.trim())
  const unit = (match?.[2]?.toLowerCase() ?? 's') as keyof typeof UNIT_MS
  const durationMs = match === null ? Number.NaN : Math.round(Number(match[1]) * UNIT_MS[unit])
  if (durationMs <= DURATION_MS_MAX) return durationMs
  throw new MeshError(
    'MESH_BAD_REQUEST',
    `"${text.slice(0, 40)}" is not a duration: write seconds such as 600, or a unit such as 30s, 5m or 1.5h (at most 10000d)`,
  )
}
