/**
 * Makes lines out of text whose lines end with a lone carriage return, as old Macs and some spreadsheets write it.
 * The first line end of the input decides for all of it: where it has a line feed, nothing is changed, and a carriage
 * return within a line stays part of it.
 */

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
/** Carriage returns in a row that are taken for line ends without waiting for what follows them. */
const RUN_MAX = 16

/** The same text with a line feed at the end of each line. */
export async function* withLineFeeds(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let lone: boolean | undefined
  let held: Buffer = Buffer.alloc(0)
  let afterReturn = false
  for await (const chunk of bytes) {
    const next = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    held = Buffer.alloc(0)
    if (lone === undefined) {
      const end = firstLineEnd(next)
      lone = end.lone
      if (lone === undefined && end.at < next.length) {
        held = next.subarray(end.at)
        yield next.subarray(0, end.at)
        continue
      }
    }
    if (lone !== true) yield next
    else {
      yield toLineFeeds(next, afterReturn)
      afterReturn = next.length === 0 ? afterReturn : next.at(-1) === CARRIAGE_RETURN
    }
  }
  if (held.length > 0) yield held
}

/** Where the first line end is and whether it has no line feed; undefined where that is not to be known yet. */
function firstLineEnd(bytes: Buffer): { at: number; lone: boolean | undefined } {
  const feed = bytes.indexOf(NEWLINE)
  const at = bytes.indexOf(CARRIAGE_RETURN)
  if (at < 0 || (feed >= 0 && feed < at)) return { at: bytes.length, lone: feed < 0 ? undefined : false }
  let behind = at
  while (bytes[behind] === CARRIAGE_RETURN && behind - at < RUN_MAX) behind += 1
  if (behind - at === RUN_MAX) return { at, lone: true }
  return { at, lone: behind === bytes.length ? undefined : bytes[behind] !== NEWLINE }
}

/**
 * A copy with a line feed for each carriage return, and none for the line feed behind one, so that where chunks are cut
 * changes nothing; `afterReturn`: a carriage return came just before these bytes.
 */
function toLineFeeds(bytes: Buffer, afterReturn: boolean): Buffer {
  const changed = Buffer.allocUnsafe(bytes.length)
  let length = 0
  let isAfterReturn = afterReturn
  for (const byte of bytes) {
    if (byte !== NEWLINE || !isAfterReturn) changed[length++] = byte === CARRIAGE_RETURN ? NEWLINE : byte
    isAfterReturn = byte === CARRIAGE_RETURN
  }
  return changed.subarray(0, length)
}
