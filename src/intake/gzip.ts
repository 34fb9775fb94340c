/** Unpacks gzip, also of several members, and says what is wrong with what cannot be unpacked. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'

/** The text of packed bytes, in chunks of at most `chunkBytes`; throws what `gzipDamage` knows, or what `packed` throws. */
export async function* unpacked(packed: AsyncIterable<Buffer>, chunkBytes: number): AsyncGenerator<Buffer> {
  const unzip = createGunzip({ chunkSize: chunkBytes })
  const feeding = pipeline(Readable.from(packed, { highWaterMark: 1 }), unzip)
  // What goes wrong in the feeding ends `unzip` with the same error, and the loop below throws it.
  feeding.catch(() => undefined)
  try {
    for await (const chunk of unzip) yield chunk
  } finally {
    unzip.destroy()
  }
}

/** What an error of unpacking says about a file and what to do; undefined for other errors. `line`: the last one read. */
export function gzipDamage(error: unknown, line: number): string | undefined {
  if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))) return undefined
  const place = line === 0 ? '' : ` after line ${line}`
  // Its first bytes were those of gzip, so it is what follows a whole member that is none.
  return error.message === 'incorrect header check'
    ? `has bytes behind its packed text${place} that are not gzip; pack it again, or unpack it with gunzip`
    : `is damaged${place}: it cannot be unpacked (${error.message}); copy it again`
}
