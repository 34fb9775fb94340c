/** What a member's points on the ring are hashes of: its id in UTF-8 and the point's number as 4 bytes, big-endian. */
import { ByteWriter } from './byte-writer.ts'
import { utf8Length } from './utf8.ts'

const ID_BYTES_MAX = 128
const writer = new ByteWriter()

/** The identities of the points 0 to `count` - 1. @throws CodecError for an id that is not well-formed or over 128 bytes */
export function encodeRingPoints(id: string, count: number): Uint8Array[] {
  const text = writer.begin().text(id, ID_BYTES_MAX).take()
  const bytes = text.subarray(text.length - utf8Length(id))
  const width = bytes.length + 4
  // One buffer for all: to make one for each takes longer than to hash it.
  const all = new Uint8Array(count * width)
  const view = new DataView(all.buffer)
  return Array.from({ length: count }, (_, point) => {
    const at = point * width
    all.set(bytes, at)
    view.setUint32(at + bytes.length, point)
    return all.subarray(at, at + width)
  })
}
