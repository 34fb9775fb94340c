/** Which tasks a change is about. */
import type { TaskPage, TaskQuery, TaskState } from './api.ts'
import { findTask, type ListSource, listTasks } from './task-list.ts'

const CHANGE_TASKS_AT_ONCE = 1_000

/** Which tally counts the tasks of a state. */
export const STANDINGS: { readonly [S in TaskState]: 'open' | 'completed' | 'failed' | 'cancelled' } = {
  WAITING: 'open',
  SCHEDULED: 'open',
  RUNNING: 'open',
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
}

/** Ids of the tasks that a change of the whole batch is about, page by page. */
export async function* idsInStates(source: ListSource, change: 'cancel' | 'retry'): AsyncIterable<string[]> {
  const states: TaskState[] = change === 'retry' ? ['FAILED', 'CANCELLED'] : ['WAITING', 'SCHEDULED', 'RUNNING']
  let cursor: string | null = null
  do {
    const query: TaskQuery = { states, limit: CHANGE_TASKS_AT_ONCE, ...(cursor !== null && { cursor }) }
    const page: TaskPage = await listTasks(source, query)
    if (page.tasks.length > 0) yield page.tasks.map(({ id }) => id)
    cursor = page.cursor
  } while (cursor !== null)
}

/** Ids of the tasks that people name. @throws MESH_TASK_UNKNOWN */
export async function idsOf(source: ListSource, refs: readonly string[]): Promise<string[]> {
  return Promise.all(refs.map(async (ref) => (await findTask(source, ref)).id))
}
