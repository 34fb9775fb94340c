/**
 * Finds where csv records begin and end, so that the parser only gets whole, sound ones of bounded length: its own
 * limit on the length drops what follows in the same chunk.
 */
import { isAscii } from 'node:buffer'
import { bytesProblem } from './lines.ts'
import { RECORD_BYTES_MAX } from './rows.ts'

/** Told of sound records, in the order of the file. */
export interface RecordHandler {
  /** Whole records in a row, with their line ends, and the line on which each starts. */
  records(block: Buffer, lines: readonly number[]): void
  badLine(line: number, reason: string): void
}

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const QUOTE = 0x22
const COMMA = 0x2c
const LINE_END = Buffer.from('\n')

/** Where in a field the next byte is. Plain fields may contain quotes; a field is quoted if it begins with one. */
type Place = 'start' | 'plain' | 'quoted' | 'after-quote' | 'after-quote-cr'

export class CsvRecords {
  private readonly handler: RecordHandler
  private place: Place = 'start'
  private line = 1
  private recordLine = 1
  private quoteLine = 1
  /** Text followed a closing quote in this record. */
  private malformed = false
  private recordBytes = 0
  private readonly carry = Buffer.allocUnsafeSlow(RECORD_BYTES_MAX + 1)
  private carried = 0

  constructor(handler: RecordHandler) {
    this.handler = handler
  }

  push(chunk: Buffer): void {
    const clean = isAscii(chunk) && !chunk.includes(0)
    let block = 0
    let lines: number[] = []
    let start = 0
    const flush = (end: number): void => {
      if (lines.length > 0) this.handler.records(chunk.subarray(block, end), lines)
      lines = []
    }
    for (let at = 0; at < chunk.length; at += 1) {
      if (this.place === 'quoted') at = this.passQuoted(chunk, at)
      if (at === chunk.length) break
      const byte = chunk[at] as number
      if (byte === NEWLINE) this.line += 1
      this.place = this.step(byte)
      if (byte !== NEWLINE || this.place !== 'start') continue
      this.recordBytes += at - start
      if (this.carried > 0) this.emitCarried(chunk.subarray(start, at + 1))
      else {
        const problem = this.problem(clean ? undefined : chunk.subarray(start, at))
        if (problem === undefined) {
          if (lines.length === 0) block = start
          lines.push(this.recordLine)
        } else {
          flush(start)
          this.handler.badLine(this.recordLine, problem)
        }
      }
      start = at + 1
      this.begin()
    }
    flush(start)
    this.keep(chunk.subarray(start))
  }

  end(): void {
    if (this.recordBytes === 0) return
    if (this.place === 'quoted') {
      const reason = `the quote opened in line ${this.quoteLine} is never closed; all that follows it was left out`
      this.handler.badLine(this.recordLine, reason)
    } else {
      this.line += 1
      this.emitCarried(LINE_END)
    }
  }

  /** Counts the lines of quoted text; answers where its next quote is, or the end of the chunk. */
  private passQuoted(chunk: Buffer, from: number): number {
    const quote = chunk.indexOf(QUOTE, from)
    const end = quote < 0 ? chunk.length : quote
    const text = chunk.subarray(from, end)
    for (let at = text.indexOf(NEWLINE); at >= 0; at = text.indexOf(NEWLINE, at + 1)) this.line += 1
    return end
  }

  private step(byte: number): Place {
    switch (this.place) {
      case 'quoted':
        return byte === QUOTE ? 'after-quote' : 'quoted'
      case 'start':
        if (byte !== QUOTE) break
        this.quoteLine = this.line
        return 'quoted'
      case 'after-quote':
        if (byte === QUOTE) return 'quoted'
        if (byte === CARRIAGE_RETURN) return 'after-quote-cr'
        if (byte !== COMMA && byte !== NEWLINE) this.malformed = true
        break
      case 'after-quote-cr':
        if (byte !== NEWLINE) this.malformed = true
        break
    }
    return byte === COMMA || byte === NEWLINE ? 'start' : 'plain'
  }

  private begin(): void {
    this.recordLine = this.line
    this.malformed = false
    this.recordBytes = 0
    this.carried = 0
  }

  private keep(bytes: Buffer): void {
    this.recordBytes += bytes.length
    // Too long already: what is kept only says that a record is open.
    if (this.recordBytes > RECORD_BYTES_MAX) this.carried = 1
    else this.carried += bytes.copy(this.carry, this.carried)
  }

  /** A record that came in several chunks. */
  private emitCarried(rest: Buffer): void {
    const whole = Buffer.concat([this.carry.subarray(0, this.carried), rest])
    const problem = this.problem(whole)
    if (problem === undefined) this.handler.records(whole, [this.recordLine])
    else this.handler.badLine(this.recordLine, problem)
  }

  /** Why the record just read cannot be parsed; `bytes` undefined where they need no check. */
  private problem(bytes: Buffer | undefined): string | undefined {
    if (this.recordBytes > RECORD_BYTES_MAX)
      return `the record is longer than ${RECORD_BYTES_MAX} bytes${this.leftOut()}`
    if (this.malformed) {
      return `text follows a closing quote (a quote inside a quoted field is written twice)${this.leftOut()}`
    }
    return bytes === undefined ? undefined : bytesProblem(bytes)
  }

  /** A stray quote takes rows with it up to the next one; `line` is the one behind the record by now. */
  private leftOut(): string {
    const last = this.line - 1
    return last === this.recordLine ? '' : `; lines ${this.recordLine} to ${last} were left out`
  }
}
