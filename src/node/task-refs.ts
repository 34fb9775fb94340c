/**
 * How people name the tasks of a batch: by index, by index~hhhh, or by id.
 *
 * 1. Of tasks that share an index the one with the lowest id goes by the index alone, each other one by as many digits
 *    of its id as tell it from all of them, 4 at least.
 * 2. A ref that means several tasks, as a label may once another task has come to its index, is refused with the names
 *    that they go by now.
 */
import { MeshError } from '../core/errors.ts'
import type { BatchId, TaskId } from '../core/ids.ts'
import type { FactStore } from './ports.ts'

export interface TaskEntry {
  readonly index: number
  readonly task: TaskId
  readonly label: string
}

/** Where refs are looked up. */
export interface RefSource {
  readonly store: Pick<FactStore, 'readIndex' | 'readTask'>
  readonly batch: BatchId
  readonly batchName: string
}

const DIGITS_MIN = 4
/** Tasks asked for at first where few share an index, as nearly always. */
const SHARING = 16
const CANDIDATES_SHOWN = 10

/** Labels of entries that ascend by (index, id) and hold every task of each index. */
export function labelled(entries: readonly { readonly index: number; readonly task: TaskId }[]): TaskEntry[] {
  return entries.map(({ index, task }, at) => {
    const before = entries[at - 1]
    if (before?.index !== index) return { index, task, label: String(index) }
    const after = entries[at + 1]
    const shared = Math.max(
      commonDigits(before.task, task),
      after?.index === index ? commonDigits(task, after.task) : 0,
    )
    return { index, task, label: `${index}~${task.slice(0, Math.max(DIGITS_MIN, shared + 1))}` }
  })
}

function commonDigits(a: TaskId, b: TaskId): number {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  return at
}

/** All tasks of one index. */
export async function tasksOfIndex({ store, batch }: RefSource, index: number): Promise<TaskEntry[]> {
  for (let limit = SHARING; ; limit *= 4) {
    const entries = await store.readIndex(batch, index, limit)
    const own = entries.filter((entry) => entry.index === index)
    if (own.length < limit) return labelled(own)
  }
}

/** The task that people call `ref`. @throws MESH_TASK_UNKNOWN, or MESH_BAD_REQUEST where it means several */
export async function taskNamed(source: RefSource, ref: string): Promise<TaskEntry> {
  const found = /^[0-9a-f]{32}$/.test(ref) ? await byId(source, ref) : await byLabel(source, ref)
  if (found === undefined) throw unknownTask(source, ref)
  return found
}

export function unknownTask({ batchName }: RefSource, ref: string): MeshError {
  return new MeshError(
    'MESH_TASK_UNKNOWN',
    `batch ${batchName} has no task ${ref.slice(0, 60)}: see \`promptmesh tasks ${batchName}\``,
  )
}

async function byId(source: RefSource, id: TaskId): Promise<TaskEntry | undefined> {
  const facts = await source.store.readTask(source.batch, id)
  for (const { fact } of facts) {
    if (fact.kind !== 'seeded') continue
    const { index } = fact
    const known = (await tasksOfIndex(source, index)).find((entry) => entry.task === id)
    return known ?? { index, task: id, label: String(index) }
  }
  return undefined
}

async function byLabel(source: RefSource, ref: string): Promise<TaskEntry | undefined> {
  const [, index, digits] = /^(\d{1,10})(?:~([0-9a-f]{4,32}))?$/.exec(ref) ?? []
  if (index === undefined) return undefined
  const sharing = await tasksOfIndex(source, Number(index))
  if (digits === undefined) return sharing[0]
  const meant = sharing.filter(({ task }) => task.startsWith(digits))
  if (meant.length > 1) throw ambiguous(source, ref, meant)
  return meant[0]
}

function ambiguous({ batchName }: RefSource, ref: string, meant: readonly TaskEntry[]): MeshError {
  const names = meant.slice(0, CANDIDATES_SHOWN).map(({ label }) => `${batchName}/${label}`)
  const more = meant.length > names.length ? ` and ${meant.length - names.length} more` : ''
  return new MeshError(
    'MESH_BAD_REQUEST',
    `${batchName}/${ref} means ${meant.length} tasks: say which of ${names.join(', ')}${more}`,
  )
}
