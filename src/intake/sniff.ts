/** Tells by its first bytes what an input is, where it is not text in UTF-8. */

/** Bytes needed to know a file type by its signature. */
export const SIGNATURE_BYTES = 16

const GZIP = '\x1f\x8b'
const BOM = '\xef\xbb\xbf'
const UTF_16 = ['\xff\xfe', '\xfe\xff']

/** Signatures, one character a byte. */
const SIGNATURES: readonly (readonly [signature: string, what: string])[] = [
  ['\x89PNG\r\n', 'a PNG picture'],
  ['\xff\xd8\xff', 'a JPEG picture'],
  ['GIF87a', 'a GIF picture'],
  ['GIF89a', 'a GIF picture'],
  ['PK\x03\x04', 'a zip archive (or an office document)'],
  ['%PDF-', 'a PDF document'],
  ['7z\xbc\xaf', 'a 7z archive'],
  ['BZh91AY&SY', 'a bzip2 archive'],
  ['\xfd7zXZ\x00', 'an xz archive'],
  ['\x28\xb5\x2f\xfd', 'a zstd archive'],
  ['PAR1\x15', 'a parquet file'],
  ['SQLite format 3\x00', 'an SQLite database'],
  // What is seen here is unpacked already.
  [GZIP, 'a file packed twice'],
]

/** Whether the bytes begin a gzip file. */
export function isGzip(head: Buffer): boolean {
  return startsWith(head, GZIP)
}

/** The number of bytes of a byte order mark for UTF-8 at the start: 3 or 0. */
export function bomBytes(head: Buffer): number {
  return startsWith(head, BOM) ? BOM.length : 0
}

/** What the input is and what to do about it, if its first bytes show that it is not text in UTF-8. */
export function notText(head: Buffer): string | undefined {
  if (UTF_16.some((mark) => startsWith(head, mark)) || looksUtf16(head)) return 'is text in UTF-16; save it as UTF-8'
  const known = SIGNATURES.find(([signature]) => startsWith(head, signature))
  if (known !== undefined) return `looks like a binary file: ${known[1]}; give a file of prompts`
  return looksBinary(head) ? 'looks like a binary file; give a file of prompts as UTF-8 text' : undefined
}

function startsWith(head: Buffer, signature: string): boolean {
  return head.toString('latin1', 0, signature.length) === signature
}

/** Every other byte is NUL and hardly one of the others, as in UTF-16 without a mark where most letters are Latin. */
function looksUtf16(head: Buffer): boolean {
  const nulls = [0, 0]
  for (const [at, byte] of head.entries()) if (byte === 0) nulls[at % 2] = (nulls[at % 2] ?? 0) + 1
  const [few = 0, many = 0] = nulls.sort((a, b) => a - b)
  return many > head.length * 0.35 && few < head.length * 0.02
}

/** NUL bytes, and so many other control characters that this is no text with a slip in it. */
function looksBinary(head: Buffer): boolean {
  if (!head.includes(0)) return false
  const controls = head.reduce((count, byte) => count + (byte < 0x20 && (byte < 0x09 || byte > 0x0d) ? 1 : 0), 0)
  return controls > head.length * (head.length < 512 ? 0.3 : 0.05)
}
