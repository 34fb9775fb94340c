/**
 * Finds and lists the tasks of a batch, in the order of their file.
 *
 * 1. Every task is listed once, however the list is paged.
 * 2. A list of few tasks among many (the failed ones) reads only the slots that have such tasks.
 */
import { MeshError } from '../core/errors.ts'
import type { BatchId, TaskId } from '../core/ids.ts'
import type { TaskDetail, TaskPage, TaskQuery, TaskState, TaskView } from './api.ts'
import type { FactStore } from './ports.ts'
import { labelled, type RefSource, type TaskEntry, taskNamed, tasksOfIndex, unknownTask } from './task-refs.ts'
import { type ViewContext, viewTask, withoutAttempts } from './task-views.ts'

export interface ListSource {
  readonly store: FactStore
  readonly batch: BatchId
  readonly context: ViewContext
  /** Slots that may have a task in one of the states; undefined where that is not known. */
  readonly slotsWith: (states: readonly TaskState[]) => readonly number[] | undefined
}

const LIMIT_DEFAULT = 1_000
const LIMIT_MAX = 10_000
/** With more slots than this to read, the index is the shorter way. */
const SLOT_READS_MAX = 2_048
const READS_AT_ONCE = 32
const SLOTS_AT_ONCE = 64

/** @throws MESH_BAD_REQUEST for a limit below 1, and for a cursor that no list gave */
export async function listTasks(source: ListSource, query: TaskQuery): Promise<TaskPage> {
  const limit = Math.min(query.limit ?? LIMIT_DEFAULT, LIMIT_MAX)
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new MeshError('MESH_BAD_REQUEST', `limit ${limit} of a list of tasks: expected a whole number from 1`)
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor)
  const slots = query.states && source.slotsWith(query.states)
  const few = slots !== undefined && slots.length <= SLOT_READS_MAX
  const pages = few ? tasksOfSlots(source, slots, query.states ?? [], after) : tasksInOrder(source, after)
  const tasks: TaskView[] = []
  for await (const page of pages) {
    for (const task of page) {
      if (query.states !== undefined && !query.states.includes(task.state)) continue
      if (tasks.length === limit) return { tasks, cursor: cursorAfter(tasks.at(-1)) }
      tasks.push(withoutAttempts(task))
    }
  }
  return { tasks, cursor: null }
}

/** The task that people call `ref`. @throws MESH_TASK_UNKNOWN, or MESH_BAD_REQUEST where it means several */
export async function findTask(source: ListSource, ref: string): Promise<TaskDetail> {
  const named = refSource(source)
  const [task] = await readTasks(source, [await taskNamed(named, ref)])
  if (task === undefined) throw unknownTask(named, ref)
  return task
}

function refSource({ store, batch, context }: ListSource): RefSource {
  return { store, batch, batchName: context.batchName }
}

async function readTasks({ store, batch, context }: ListSource, entries: readonly TaskEntry[]): Promise<TaskDetail[]> {
  const facts = await Promise.all(entries.map((entry) => store.readTask(batch, entry.task)))
  return facts.flatMap((each, at) => (each.length === 0 ? [] : [viewTask(each, entries[at]?.label ?? '', context)]))
}

async function* tasksInOrder(source: ListSource, from: Position | undefined): AsyncIterable<TaskDetail[]> {
  let after = from
  let limit = LIMIT_DEFAULT
  for (;;) {
    const page = await source.store.readIndex(source.batch, after?.index ?? 0, limit)
    // The label of an entry depends on the next one too.
    const whole = page.length < limit
    const entries = labelled(page)
      .slice(0, whole ? page.length : -1)
      .filter((entry) => after === undefined || isAfter(entry.index, entry.task, after))
    for (let at = 0; at < entries.length; at += READS_AT_ONCE) {
      yield await readTasks(source, entries.slice(at, at + READS_AT_ONCE))
    }
    if (whole) return
    if (entries.length === 0) limit *= 2
    after = entries.at(-1) ?? after
  }
}

async function* tasksOfSlots(
  source: ListSource,
  slots: readonly number[],
  states: readonly TaskState[],
  after: Position | undefined,
): AsyncIterable<TaskDetail[]> {
  const found: TaskDetail[] = []
  for (let at = 0; at < slots.length; at += SLOTS_AT_ONCE) {
    const facts = await source.store.readSlots(source.batch, slots.slice(at, at + SLOTS_AT_ONCE))
    for (const each of Map.groupBy(facts, ({ fact }) => fact.task).values()) {
      const task = viewTask(each, '', source.context)
      if (states.includes(task.state) && (after === undefined || isAfter(task.index, task.id, after))) found.push(task)
    }
  }
  found.sort((a, b) => a.index - b.index || (a.id < b.id ? -1 : 1))
  for (const task of found) {
    const entry = (await tasksOfIndex(refSource(source), task.index)).find((each) => each.task === task.id)
    yield [{ ...task, label: entry?.label ?? String(task.index) }]
  }
}

interface Position {
  readonly index: number
  readonly task: TaskId
}

function isAfter(index: number, task: TaskId, after: Position): boolean {
  return index > after.index || (index === after.index && task > after.task)
}

function cursorAfter(task: TaskView | undefined): string | null {
  return task === undefined ? null : `${task.index}-${task.id}`
}

function readCursor(cursor: string): Position {
  const [, index, task] = /^(\d{1,10})-([0-9a-f]{32})$/.exec(cursor) ?? []
  if (index !== undefined && task !== undefined) return { index: Number(index), task }
  throw new MeshError('MESH_BAD_REQUEST', `cursor ${cursor.slice(0, 60)} was given by no list: start without one`)
}
