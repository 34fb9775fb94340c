/**
 * Every execution that was ever started, written down outside the nodes.
 *
 * 1. A start is recorded when the executor begins, whatever the node says or forgets about it later.
 */
import type { Outcome } from '../../src/core/facts.ts'
import type { BatchId, TaskId, Token } from '../../src/core/ids.ts'
import type { SimNode } from './process.ts'

export interface ExecutionRecord {
  readonly token: Token
  readonly task: TaskId
  readonly batch: BatchId
  readonly node: SimNode
  /** Which start of the node's process it belongs to. */
  readonly starts: number
  readonly attempt: number
  readonly atMs: number
  endMs: number | undefined
  /** How its executor ended it; `died` with its process. */
  outcome: Outcome | 'died' | undefined
  /** It ended the process that ran it. */
  killedNode: boolean
  killAskedMs: number | undefined
}

export class History {
  readonly records: ExecutionRecord[] = []
  /** Made when they are asked for first: races never ask. */
  #byToken: Map<Token, ExecutionRecord[]> | undefined
  #byTask: Map<TaskId, ExecutionRecord[]> | undefined

  add(record: ExecutionRecord): void {
    this.records.push(record)
    if (this.#byToken !== undefined) append(this.#byToken, record.token, record)
    if (this.#byTask !== undefined) append(this.#byTask, record.task, record)
  }

  ofToken(token: Token): readonly ExecutionRecord[] {
    this.#byToken ??= groupsOf(this.records, (record) => record.token)
    return this.#byToken.get(token) ?? []
  }

  ofTask(task: TaskId): readonly ExecutionRecord[] {
    this.#byTask ??= groupsOf(this.records, (record) => record.task)
    return this.#byTask.get(task) ?? []
  }
}

function groupsOf<K>(records: readonly ExecutionRecord[], keyOf: (record: ExecutionRecord) => K) {
  const groups = new Map<K, ExecutionRecord[]>()
  for (const record of records) append(groups, keyOf(record), record)
  return groups
}

function append<K>(map: Map<K, ExecutionRecord[]>, key: K, record: ExecutionRecord): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [record])
  else list.push(record)
}
