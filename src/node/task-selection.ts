/** Which tasks a change is about. */
import type { TaskId } from '../core/ids.ts'
import { fold } from '../core/task.ts'
import type { TaskState } from './api.ts'
import type { FactStore } from './ports.ts'
import { type RefSource, taskNamed } from './task-refs.ts'

/** What a tally counts apart. */
type Counted = 'open' | 'completed' | 'failed' | 'cancelled'

/** Which tally counts the tasks of a state. */
export const STANDINGS: { readonly [S in TaskState]: Counted } = {
  WAITING: 'open',
  SCHEDULED: 'open',
  RUNNING: 'open',
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
}

export interface SelectionSource {
  readonly store: Pick<FactStore, 'readSlots'>
  readonly batch: string
  /** Slots that may have tasks which are counted so. */
  readonly slotsWith: (counted: readonly Counted[]) => readonly number[]
}

const CHANGE_TASKS_AT_ONCE = 1_000
const SLOTS_AT_ONCE = 64

const CHANGEABLE = {
  cancel: { counted: ['open'], standings: ['waiting', 'claimed'] },
  retry: { counted: ['failed', 'cancelled'], standings: ['failed', 'cancelled'] },
} as const

/** Ids of the tasks that a change of the whole batch is about, in chunks and in no order; each slot is read once. */
export async function* idsToChange(source: SelectionSource, change: 'cancel' | 'retry'): AsyncIterable<TaskId[]> {
  const { counted, standings } = CHANGEABLE[change]
  const slots = source.slotsWith(counted)
  for (let at = 0; at < slots.length; at += SLOTS_AT_ONCE) {
    const facts = await source.store.readSlots(source.batch, slots.slice(at, at + SLOTS_AT_ONCE))
    const states = [...Map.groupBy(facts, ({ fact }) => fact.task).values()].map(fold)
    const ids = states.filter(({ standing }) => standings.some((each) => each === standing)).map(({ task }) => task)
    for (let from = 0; from < ids.length; from += CHANGE_TASKS_AT_ONCE) {
      yield ids.slice(from, from + CHANGE_TASKS_AT_ONCE)
    }
  }
}

/** Ids of the tasks that people name. @throws MESH_TASK_UNKNOWN, or MESH_BAD_REQUEST for a name that means several */
export function idsOf(source: RefSource, refs: readonly string[]): Promise<TaskId[]> {
  return Promise.all(refs.map(async (ref) => (await taskNamed(source, ref)).task))
}
