/** The log of a node: JSON lines in its data directory; warnings are also told to whoever watches. */
import { renameSync, statSync } from 'node:fs'
import path from 'node:path'
import { pino } from 'pino'
import type { CreateNodeOptions } from '../create-node.ts'

/** A longer file is put aside at the next start. */
const LOG_BYTES_MAX = 64 * 1024 * 1024

type Log = NonNullable<CreateNodeOptions['log']>

/** Opens DIR/node.log. */
export function openNodeLog(dataDir: string, level: string, onWarning: (message: string) => void): Log {
  const file = path.join(dataDir, 'node.log')
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES_MAX) renameSync(file, `${file}.1`)
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: file, mode: 0o600 }),
  )
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

/** The message with those of its fields that fit a line. */
function describe(fields: object, message: string): string {
  const short = Object.entries(fields).filter(([, value]) => typeof value === 'string' || typeof value === 'number')
  const text = short.map(([name, value]) => `${name}=${String(value).split('\n')[0]?.slice(0, 120)}`).join(' ')
  return text === '' ? message : `${message} (${text})`
}
