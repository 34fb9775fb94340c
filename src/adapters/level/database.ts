/** The database under the store: what the store needs of it, and how LevelDB in a directory is opened, or repaired first. */
import { cp, mkdir, readdir } from 'node:fs/promises'
import { Level } from 'level'
import { MeshError } from '../../core/errors.ts'
import type { Log } from '../../node/ports.ts'
import { reasonOf, storageError } from './errors.ts'
import type { KeyRange } from './keys.ts'

/** The part of an abstract-level database with binary keys and values that the store uses. */
export interface Database {
  batch(): WriteBatch
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  iterator(range: KeyRange & ReadOptions): RowIterator
  keys(range: KeyRange & { readonly limit: number }): { all(): Promise<Uint8Array[]> }
  close(): Promise<void>
}

interface ReadOptions {
  readonly highWaterMarkBytes: number
}

export interface WriteBatch {
  put(key: Uint8Array, value: Uint8Array): unknown
  del(key: Uint8Array): unknown
  write(options: { readonly sync: boolean }): Promise<void>
  close(): Promise<void>
}

interface RowIterator {
  nextv(size: number): Promise<[Uint8Array, Uint8Array][]>
  /** Goes on from the first row at or after the key. */
  seek(key: Uint8Array): void
  close(): Promise<void>
}

/** Where a store keeps its rows. */
export interface DatabaseSource {
  /** For messages: the directory, as a rule. */
  readonly place: string
  /** Opens it, creating it where there is none; `repaired` where that took a repair, so rows may be missing. May be called again after `close`. */
  open(): Promise<{ readonly database: Database; readonly repaired: boolean }>
}

/** Calls back with every row of the range, in the order of keys. */
export async function eachRow(
  database: Database,
  range: KeyRange,
  each: (key: Uint8Array, value: Uint8Array) => void,
): Promise<void> {
  const rows = database.iterator({ ...range, highWaterMarkBytes: READ_BYTES })
  try {
    for (let chunk = await rows.nextv(READ_ROWS); chunk.length > 0; chunk = await rows.nextv(READ_ROWS)) {
      for (const [key, value] of chunk) each(key, value)
    }
  } finally {
    await rows.close()
  }
}

/**
 * Calls back with every row of several ranges, which must be ascending and apart. One iterator reads on while rows
 * are wanted and jumps over what lies between: cheap for neighbours, and for few ranges far apart.
 */
export async function eachRowOf(
  database: Database,
  ranges: readonly KeyRange[],
  each: (key: Uint8Array, value: Uint8Array) => void,
): Promise<void> {
  const [first, last] = [ranges[0], ranges.at(-1)]
  if (first === undefined || last === undefined) return
  const rows = database.iterator({ gte: first.gte, lt: last.lt, highWaterMarkBytes: READ_BYTES })
  let size = READ_ROWS_MIN
  let at = 0
  try {
    for (let chunk = await rows.nextv(size); chunk.length > 0 && at < ranges.length; chunk = await rows.nextv(size)) {
      let wanted = false
      for (const [key, value] of chunk) {
        while (at < ranges.length && Buffer.compare(key, (ranges[at] as KeyRange).lt) >= 0) at++
        wanted = at < ranges.length && Buffer.compare(key, (ranges[at] as KeyRange).gte) >= 0
        if (wanted) each(key, value)
      }
      size = wanted ? Math.min(2 * size, READ_ROWS) : READ_ROWS_MIN
      if (!wanted && at < ranges.length) rows.seek((ranges[at] as KeyRange).gte)
    }
  } finally {
    await rows.close()
  }
}

const READ_ROWS_MIN = 16
/** Rows handed over at a time: a few milliseconds of work between two turns of the event loop. */
const READ_ROWS = 1_000
const READ_BYTES = 1024 * 1024

const OPTIONS = {
  keyEncoding: 'view',
  valueEncoding: 'view',
  // Measured with 1.5 million facts: 4 MiB takes twice the time; 16 MiB gains nothing and costs memory.
  writeBufferSize: 8 * 1024 * 1024,
  maxFileSize: 8 * 1024 * 1024,
  // LevelDB maps every open table into memory: the default of 1,000 would map a store of a million tasks whole.
  maxOpenFiles: 24,
} as const

const LEVEL_FILE = /^(CURRENT|MANIFEST-\d+|\d+\.(ldb|sst|log))$/

/** LevelDB in a directory of its own. A damaged database is copied aside, then repaired. */
export function levelSource(directory: string, log: Log): DatabaseSource {
  return {
    place: directory,
    async open() {
      const isNew = await makeDirectory(directory)
      const error = await tryOpen(directory, isNew)
      if (!(error instanceof Error)) return { database: error, repaired: false }
      if (!isDamage(error)) throw openError(error, directory)
      return { database: await repair(directory, error, log), repaired: true }
    },
  }
}

/** Makes the directory where there is none; answers whether it holds no database yet. */
async function makeDirectory(directory: string): Promise<boolean> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const names = await readdir(directory)
    return !names.some((name) => LEVEL_FILE.test(name))
  } catch (error) {
    throw storageError(error, `the store in ${directory} cannot be opened`)
  }
}

/** The open database, or what prevented it. */
async function tryOpen(directory: string, isNew: boolean): Promise<Database | Error> {
  // Where CURRENT alone is gone, LevelDB would make a new database and delete the tables of the old one.
  const database = new Level<Uint8Array, Uint8Array>(directory, { ...OPTIONS, createIfMissing: isNew })
  try {
    await database.open()
    return database
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function isDamage(error: Error): boolean {
  const reason = reasonOf(error)
  return /^Corruption:|does not exist \(create_if_missing|MANIFEST.*No such file/.test(reason)
}

function openError(error: Error, directory: string): MeshError {
  const { cause } = error
  if (cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED') {
    const message = `the store in ${directory} is in use by another process: stop that one, or name another directory with --data`
    return new MeshError('MESH_DATA_DIR_HELD', message, { cause: error })
  }
  return storageError(error, `the store in ${directory} cannot be opened`)
}

async function repair(directory: string, damage: Error, log: Log): Promise<Database> {
  const reason = reasonOf(damage)
  const copy = await freeName(`${directory}.damaged`)
  log.warn({ directory, copy, reason }, 'the store is damaged: it is copied aside, then repaired')
  try {
    await cp(directory, copy, { recursive: true })
    // `level` is ClassicLevel in Node, but its types leave this out.
    await (Level as unknown as { repair(location: string): Promise<void> }).repair(directory)
  } catch (error) {
    throw unrepaired(directory, reason, error)
  }
  const opened = await tryOpen(directory, false)
  if (opened instanceof Error) throw unrepaired(directory, reason, opened)
  log.warn(
    { directory, copy },
    'the store is repaired; what could not be saved is missing, and the copy may be deleted',
  )
  return opened
}

function unrepaired(directory: string, reason: string, error: unknown): MeshError {
  const what = `the store in ${directory} is damaged (${reason}) and could not be repaired`
  const known = storageError(error, what)
  if (known.code === 'MESH_DISK_FULL') return known
  const message = `${what}: ${reasonOf(error)}; move that directory away to begin with an empty one`
  return new MeshError('MESH_STORAGE', message, { cause: error })
}

async function freeName(prefix: string): Promise<string> {
  for (let number = 1; ; number++) {
    const name = `${prefix}-${number}`
    const taken = await mkdir(name, { mode: 0o700 }).then(
      () => false,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return true
        throw storageError(error, `${name} cannot be made`)
      },
    )
    if (!taken) return name
  }
}
