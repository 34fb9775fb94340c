/** Reads a JSON text and, where it is wrong, says at which line and column. */

/** Thrown for a text that is not JSON; the message gives line and column, the caller adds the file. */
export class JsonSyntaxError extends Error {}

/**
 * Parses JSON; a byte order mark is skipped.
 * @throws JsonSyntaxError with line and column, both from 1
 */
export function parseJson(text: string): unknown {
  const plain = text.replace(/^\uFEFF/, '')
  try {
    return JSON.parse(plain, refuseProto)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new JsonSyntaxError(describeError(plain), { cause: error })
  }
}

/** `__proto__` would be lost without a word when objects are copied. */
function refuseProto(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new JsonSyntaxError('the key "__proto__" is not allowed')
  return value
}

function describeError(text: string): string {
  const offset = findError(text)
  const before = text.slice(0, offset).split('\n')
  const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
  if (offset >= text.length) return `not valid JSON: it ends too early, at ${place}`
  const comma = /,\s*$/.test(text.slice(0, offset)) && /[}\]]/.test(text[offset] ?? '') ? ' after a comma' : ''
  return `not valid JSON: ${JSON.stringify(text[offset])} is not expected${comma} at ${place}`
}

const SPACE = /[ \t\n\r]*/y
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const OPEN_STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/uy

/** Where the grammar of JSON is left first. JSON.parse itself gives no position for half of its errors. */
function findError(text: string): number {
  let at = 0
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    const taken = pattern.test(text)
    if (taken) at = pattern.lastIndex
    return taken
  }
  const takeMark = (mark: string): boolean => {
    const taken = text[at] === mark
    if (taken) at += 1
    return taken
  }
  const string = (): boolean => take(OPEN_STRING) && takeMark('"') && take(SPACE)
  const member = (): boolean => string() && takeMark(':') && value()
  const list = (close: string, item: () => boolean): boolean => {
    take(SPACE)
    if (takeMark(close)) return true
    while (item()) {
      if (takeMark(close)) return true
      if (!takeMark(',')) return false
      take(SPACE)
    }
    return false
  }
  const value = (): boolean => {
    take(SPACE)
    return valueItself() && take(SPACE)
  }
  const valueItself = (): boolean => {
    if (takeMark('{')) return list('}', member)
    if (takeMark('[')) return list(']', value)
    return text[at] === '"' ? string() : take(SCALAR)
  }
  value()
  return at
}
