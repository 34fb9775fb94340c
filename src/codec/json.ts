/** Whether a value is what JSON can carry: what parameters are made of. */

/** Deeper parameters are refused: every reader of them recurses. */
export const DEPTH_MAX = 64

function isJson(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === 'boolean') return true
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth >= DEPTH_MAX) return false
  if (Array.isArray(value)) return value.every((each) => isJson(each, depth + 1))
  return isPlain(value) && Object.entries(value).every(([key, each]) => key.isWellFormed() && isJson(each, depth + 1))
}

/** A map with text keys whose values JSON can carry. */
export function isJsonObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && isJson(value)
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
