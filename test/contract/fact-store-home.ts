/** Places for stores under test: stores opened one after another, crashes, and changes to the rows in between. */
import { afterEach, beforeEach } from 'vitest'
import { type Database, type DatabaseSource, eachRow } from '../../src/adapters/level/database.ts'
import { createFactStore } from '../../src/adapters/level/fact-store.ts'
import type { FactStore } from '../../src/node/ports.ts'
import { recordingLog, sha256 } from './fact-store-samples.ts'

export interface Home {
  readonly source: DatabaseSource
  remove(): Promise<void>
}

export interface Row {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

export interface Edit {
  /** The rows whose key begins with the letter; there must be some. */
  readonly rows: readonly [Row, ...Row[]]
  put(key: Uint8Array, value: Uint8Array): void
  remove(row: Row | undefined): void
  /** Changes one bit of a value. */
  flip(row: Row | undefined, at: number): void
}

const EVERYTHING = { gte: Uint8Array.of(0), lt: Uint8Array.of(255) }

/** The store of one test and the place that it is on. */
export class Bench {
  #store: FactStore
  readonly #home: Home
  #database: Database | undefined

  constructor(home: Home) {
    this.#home = home
    this.#store = this.#make()
  }

  get store(): FactStore {
    return this.#store
  }

  #make(): FactStore {
    const { source } = this.#home
    const open: DatabaseSource['open'] = async () => {
      const opened = await source.open()
      this.#database = opened.database
      return opened
    }
    return createFactStore({ source: { place: source.place, open }, sha256, log: recordingLog() })
  }

  /** Closes the store; the next one is not open yet. */
  async next(): Promise<void> {
    await this.#store.close()
    this.#store = this.#make()
  }

  /** Ends the store as a crash does: it writes nothing more. The next one is not open yet. */
  async crash(): Promise<void> {
    await this.#database?.close()
    this.#store = this.#make()
  }

  /** Changes rows while no store is open. */
  async edit(letter: string, change: (edit: Edit) => void): Promise<void> {
    const { database } = await this.#home.source.open()
    const [first, ...others] = (await rowsOf(database)).filter((row) => row.key[0] === letter.charCodeAt(0))
    if (first === undefined) throw new Error(`no row begins with ${letter}`)
    const batch = database.batch()
    change({
      rows: [first, ...others],
      put: (key, value) => batch.put(key, value),
      remove: (row) => batch.del(present(row).key),
      flip: (row, at) => batch.put(present(row).key, flipped(present(row).value, at)),
    })
    await batch.write({ sync: true })
    await database.close()
  }

  /** All rows, while no store is open. */
  async copy(): Promise<Row[]> {
    const { database } = await this.#home.source.open()
    const rows = await rowsOf(database)
    await database.close()
    return rows
  }

  /** Makes these all the rows there are, while no store is open. */
  async restore(rows: readonly Row[]): Promise<void> {
    const { database } = await this.#home.source.open()
    const batch = database.batch()
    for (const row of await rowsOf(database)) batch.del(row.key)
    for (const row of rows) batch.put(row.key, row.value)
    await batch.write({ sync: true })
    await database.close()
  }

  async remove(): Promise<void> {
    await this.#store.close()
    await this.#home.remove()
  }
}

/** A bench for each test of the describe block that calls this. */
export function useBench(makeHome: () => Promise<Home>): () => Bench {
  let bench: Bench | undefined
  beforeEach(async () => {
    bench = new Bench(await makeHome())
  })
  afterEach(() => present(bench).remove())
  return () => present(bench)
}

async function rowsOf(database: Database): Promise<Row[]> {
  const rows: Row[] = []
  await eachRow(database, EVERYTHING, (key, value) =>
    rows.push({ key: new Uint8Array(key), value: new Uint8Array(value) }),
  )
  return rows
}

export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = new Uint8Array(bytes)
  changed[at] = present(changed[at]) ^ 4
  return changed
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('there is no such row, byte or bench')
  return value
}
