/** Cuts bytes into lines of UTF-8 text, whatever the chunks, and never keeps more than one line of bounded length. */
import { isAscii, isUtf8 } from 'node:buffer'

/** Told of each line, numbered from 1, without its line end. */
export interface LineHandler {
  line(number: number, text: string): void
  badLine(number: number, reason: string): void
}

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Why bytes are not the text of a line, or undefined. */
export function bytesProblem(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return 'contains a NUL byte'
  return isUtf8(bytes) ? undefined : 'is not valid UTF-8'
}

export class LineSplitter {
  private readonly handler: LineHandler
  private readonly bytesMax: number
  /** The start of a line whose end has not come; one byte more than a line may have, for its carriage return. */
  private readonly carry: Buffer
  private carried = 0
  private overlong = false
  private count = 0

  constructor(bytesMax: number, handler: LineHandler) {
    this.bytesMax = bytesMax
    this.handler = handler
    this.carry = Buffer.allocUnsafeSlow(bytesMax + 1)
  }

  push(chunk: Buffer): void {
    let start = 0
    if (this.pending()) {
      const newline = chunk.indexOf(NEWLINE)
      this.keep(newline < 0 ? chunk : chunk.subarray(0, newline))
      if (newline < 0) return
      this.finish()
      start = newline + 1
    }
    const end = chunk.lastIndexOf(NEWLINE) + 1
    if (end > start) this.cut(chunk.subarray(start, end))
    this.keep(chunk.subarray(Math.max(start, end)))
  }

  end(): void {
    if (this.pending()) this.finish()
  }

  private pending(): boolean {
    return this.carried > 0 || this.overlong
  }

  private keep(bytes: Buffer): void {
    if (this.overlong || this.carried + bytes.length > this.carry.length) {
      this.overlong = true
      return
    }
    bytes.copy(this.carry, this.carried)
    this.carried += bytes.length
  }

  private finish(): void {
    if (this.overlong) this.tooLong()
    else this.cut(this.carry.subarray(0, this.carried))
    this.overlong = false
    this.carried = 0
  }

  private tooLong(): void {
    this.count += 1
    this.handler.badLine(this.count, `is longer than ${this.bytesMax} bytes`)
  }

  /** Whole lines. Most blocks are clean, which is found out once; each line becomes a string of its own, not a slice. */
  private cut(block: Buffer): void {
    const encoding = isAscii(block) ? 'latin1' : 'utf8'
    const clean = bytesProblem(block) === undefined
    for (let start = 0; start < block.length; ) {
      const newline = block.indexOf(NEWLINE, start)
      const next = newline < 0 ? block.length : newline + 1
      let end = newline < 0 ? block.length : newline
      const withReturns = end - start
      // More than one where line ends were made twice.
      while (end > start && block[end - 1] === CARRIAGE_RETURN) end -= 1
      if (withReturns > this.carry.length || end - start > this.bytesMax) this.tooLong()
      else {
        this.count += 1
        const problem = clean ? undefined : bytesProblem(block.subarray(start, end))
        if (problem !== undefined) this.handler.badLine(this.count, problem)
        else this.handler.line(this.count, block.toString(encoding, start, end))
      }
      start = next
    }
  }
}
