/**
 * The log of a node: JSON lines in its data directory; warnings are also told to whoever watches.
 *
 * 1. A log that cannot be written, on a full disk say, neither throws nor keeps the process: its lines wait, at most
 *    WAITING_BYTES_MAX of them, and are written with the first line that can be.
 */
import { renameSync, statSync } from 'node:fs'
import path from 'node:path'
import { pino } from 'pino'
import { MeshError } from '../core/errors.ts'
import type { CreateNodeOptions } from '../create-node.ts'

/** A longer file is put aside at the next start. */
const LOG_BYTES_MAX = 64 * 1024 * 1024
/** Lines that wait for space; later ones are dropped. */
const WAITING_BYTES_MAX = 1024 * 1024

type Log = NonNullable<CreateNodeOptions['log']>

/** Opens DIR/node.log. @throws MESH_DATA_DIR it cannot be opened */
export function openNodeLog(dataDir: string, level: string, onWarning: (message: string) => void): Log {
  const file = path.join(dataDir, 'node.log')
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES_MAX) renameSync(file, `${file}.1`)
  const lines = openFile(file)
  let failing = false
  lines.on('error', (error: Error) => {
    if (!failing) onWarning(`the log ${file} cannot be written for now: ${error.message}`)
    failing = true
  })
  lines.on('write', () => {
    failing = false
  })
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, lines)
  return {
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => {
      logger.warn(fields, message)
      onWarning(describe(fields, message))
    },
    error: (fields, message) => {
      logger.error(fields, message)
      onWarning(describe(fields, message))
    },
  }
}

/** Synchronous: an asynchronous one tries again and again when the process ends, until the disk has room. */
function openFile(file: string): ReturnType<typeof pino.destination> {
  try {
    return pino.destination({ dest: file, mode: 0o600, sync: true, maxLength: WAITING_BYTES_MAX })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MeshError('MESH_DATA_DIR', `the log ${file} cannot be opened: ${reason}`, { cause })
  }
}

/** The message with those of its fields that fit a line. */
function describe(fields: object, message: string): string {
  const short = Object.entries(fields).filter(([, value]) => typeof value === 'string' || typeof value === 'number')
  const text = short.map(([name, value]) => `${name}=${String(value).split('\n')[0]?.slice(0, 120)}`).join(' ')
  return text === '' ? message : `${message} (${text})`
}
