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
  readonly #byToken = new Map<Token, ExecutionRecord[]>()
  readonly #byTask = new Map<TaskId, ExecutionRecord[]>()

  add(record: ExecutionRecord): void {
    this.records.push(record)
    append(this.#byToken, record.token, record)
    append(this.#byTask, record.task, record)
  }

  ofToken(token: Token): readonly ExecutionRecord[] {
    return this.#byToken.get(token) ?? []
  }

  ofTask(task: TaskId): readonly ExecutionRecord[] {
    return this.#byTask.get(task) ?? []
  }
}

function append<K>(map: Map<K, ExecutionRecord[]>, key: K, record: ExecutionRecord): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [record])
  else list.push(record)
}
