/** Writes to the terminal: data on stdout, everything said to people on stderr. */
import { once } from 'node:events'
import type { WriteStream } from 'node:tty'
import { styleText } from 'node:util'

/** Whether lines on a stream can be redrawn in place: a terminal without a width draws nothing. */
export function isLive(stream: WriteStream = process.stderr): boolean {
  return stream.isTTY === true && stream.columns > 0 && process.env['TERM'] !== 'dumb'
}

/** Data, on stdout; waits where the reader is slow. */
export async function print(text: string): Promise<void> {
  if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain')
}

/** A JSON document on stdout, on one line unless it is meant to be looked at. */
export async function printJson(value: unknown, indent = 0): Promise<void> {
  await print(JSON.stringify(value, undefined, indent))
}

/** What is redrawn at the end of stderr. */
export interface Redrawn {
  /** Makes room for what `write` writes. */
  above(write: () => void): void
  /** Draws a last time. */
  end(): void
}

let redrawn: Redrawn | undefined

/** From now on this is redrawn at the end of stderr; undefined where nothing is any more. */
export function setRedrawn(what: Redrawn | undefined): void {
  redrawn = what
}

/** A message to people, on stderr; above what is being redrawn there. */
export function say(text: string): void {
  const write = (): void => void process.stderr.write(`${text}\n`)
  if (redrawn === undefined) write()
  else redrawn.above(write)
}

/** A message that is the last line on stderr: what was being redrawn ends above it. */
export function sayLast(text: string): void {
  redrawn?.end()
  say(text)
}

/** A message to people that they should act on. */
export function warn(text: string): void {
  say(`${paint('yellow', '!')} ${text}`)
}

/** Coloured text for stderr; plain where that is no terminal, or NO_COLOR is set. */
export function paint(color: 'green' | 'yellow' | 'red' | 'dim', text: string): string {
  return styleText(color, text, { stream: process.stderr })
}

/** Width of a table on stdout; wide enough for a sentence where it goes to a file. */
export function columns(): number {
  return process.stdout.columns || 160
}
