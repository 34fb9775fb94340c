/** One database shared by many readers and a queue of writers, opened anew after a write that failed. */
import { MeshError } from '../../core/errors.ts'
import type { Database, DatabaseSource, WriteBatch } from './database.ts'
import { storageError } from './errors.ts'

type Opened = Awaited<ReturnType<DatabaseSource['open']>>

type Fill = (batch: WriteBatch, database: Database) => (() => void) | Promise<() => void>

export class Connection {
  readonly #source: DatabaseSource
  /** Reads back what is mirrored in memory, before anyone else uses the database that was opened anew. */
  readonly #onReopened: (opened: Opened) => Promise<void>
  #database: Database | undefined
  /** LevelDB may go on failing after one failed write, until it is opened anew. */
  #failed = false
  #closed = true
  #reopening: Promise<void> | undefined
  #readers = 0
  #onDrained: (() => void) | undefined
  #lastWrite: Promise<void> = Promise.resolve()

  constructor(source: DatabaseSource, onReopened: (opened: Opened) => Promise<void>) {
    this.#source = source
    this.#onReopened = onReopened
  }

  /** @throws MESH_DATA_DIR_HELD MESH_STORAGE MESH_DISK_FULL */
  async open(): Promise<Opened> {
    const opened = await this.#source.open()
    this.#database = opened.database
    this.#closed = false
    return opened
  }

  /** Works on the open database; it stays open until the work has settled. @throws MESH_STORAGE MESH_DISK_FULL */
  async read<T>(work: (database: Database) => Promise<T>): Promise<T> {
    let database = this.#usable()
    while (database === undefined) {
      await this.#reopen()
      database = this.#usable()
    }
    this.#readers++
    try {
      return await work(database)
    } catch (error) {
      throw storageError(error, `the store in ${this.#source.place} cannot be read`)
    } finally {
      this.#readers--
      if (this.#readers === 0) this.#onDrained?.()
    }
  }

  /**
   * Writes in one atomic, synced batch what `fill` puts into it, after all writes asked for earlier. The function
   * that `fill` returns is called once it is on disk, and before anything else is written. What `fill` reads of the
   * database stays so until its batch is written.
   * @throws MESH_DISK_FULL MESH_STORAGE
   */
  async write(fill: Fill): Promise<void> {
    if (this.#closed) throw this.#closedError()
    const written = this.#lastWrite.then(() => this.#write(fill))
    // Whoever asked for a write hears of its failure; the next one tries again.
    this.#lastWrite = written.catch(() => undefined)
    return written
  }

  async #write(fill: Fill): Promise<void> {
    if (this.#failed) await this.#reopen()
    let database = this.#usable()
    while (database === undefined) {
      await this.#reopen()
      database = this.#usable()
    }
    const batch = database.batch()
    let onWritten: () => void
    try {
      onWritten = await fill(batch, database)
    } catch (error) {
      await batch.close()
      throw error
    }
    try {
      await batch.write({ sync: true })
    } catch (error) {
      this.#failed = true
      throw storageError(error, `the store in ${this.#source.place} cannot be written`)
    }
    onWritten()
  }

  /** Waits for what was asked for, then closes; idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#lastWrite
    await this.#reopening?.catch(() => undefined)
    await this.#drained()
    const database = this.#database
    this.#database = undefined
    await database?.close()
  }

  /** The database where it is open and stays so for now: true only until the caller awaits something. */
  #usable(): Database | undefined {
    if (this.#reopening !== undefined) return undefined
    if (this.#database === undefined && this.#closed) throw this.#closedError()
    return this.#database
  }

  #closedError(): MeshError {
    return new MeshError('MESH_STORAGE', `the store in ${this.#source.place} is not open`)
  }

  #reopen(): Promise<void> {
    this.#reopening ??= this.#openAnew().finally(() => {
      this.#reopening = undefined
    })
    return this.#reopening
  }

  async #openAnew(): Promise<void> {
    await this.#drained()
    const old = this.#database
    this.#database = undefined
    await old?.close()
    const opened = await this.#source.open()
    try {
      await this.#onReopened(opened)
    } catch (error) {
      await opened.database.close()
      throw storageError(error, `the store in ${this.#source.place} cannot be read`)
    }
    this.#database = opened.database
    this.#failed = false
  }

  async #drained(): Promise<void> {
    if (this.#readers === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onDrained = resolve
    await promise
    this.#onDrained = undefined
  }
}
