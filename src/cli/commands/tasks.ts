/** `tasks`, `task` and `why`: the tasks of a batch, one with every attempt, and why one does not run. */
import type { Command } from 'commander'
import type { ControlClient } from '../../control/client.ts'
import { PAGE_TASKS_MAX } from '../../control/protocol.ts'
import { MeshError } from '../../core/errors.ts'
import { nearest } from '../../intake/nearest.ts'
import type { TaskPage, TaskState, TaskView } from '../../node/api.ts'
import { print, printJson, say } from '../render/terminal.ts'
import { type NodeOptions, onSameNode, sameNode } from '../same-node.ts'
import { aboutBatch, asksNode, type Format, openClient, parseTaskName, type Run, wholeNumber } from './shared.ts'

interface TasksOptions extends NodeOptions {
  readonly state?: readonly TaskState[]
  readonly limit?: number
  readonly quiet?: boolean
  readonly output: Format
}

const STATES: readonly TaskState[] = ['WAITING', 'SCHEDULED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED']
/** How many tasks are asked for first, so that they are shown at once; later pages are as long as they may be. */
const FIRST_PAGE_TASKS = 200

export function addTaskCommands(program: Command, run: Run): void {
  const tasks = program
    .command('tasks <batch>')
    .description('list the tasks of a batch')
    .option('--state <states>', `only these, separated by commas: ${STATES.join(', ').toLowerCase()}`, parseStates)
    .option('--limit <n>', 'at most so many', wholeNumber(1))
    .option('-q, --quiet', 'only the ids')
  asksNode(
    tasks,
    ['table', 'json', 'jsonl'],
    'tasks images --state failed',
    'tasks images -o jsonl',
    'tasks images -q --limit 10',
  ).action(run(listTasks))
  const task = program.command('task <batch/n>').description('show one task with every attempt')
  asksNode(task, ['table', 'json'], 'task images/7', 'task images/7 -o json').action(run(showTask))
  const why = program.command('why <batch/n>').description('say why a task does not run')
  asksNode(why, ['table', 'json'], 'why images/7').action(run(showWhy))
}

function parseStates(text: string): TaskState[] {
  return text.split(',').map((word) => {
    const state = STATES.find((known) => known === word.trim().toUpperCase())
    if (state !== undefined) return state
    const meant = nearest(word, STATES)?.toLowerCase()
    const hint = meant === undefined ? `the states are ${STATES.join(', ').toLowerCase()}` : `did you mean ${meant}?`
    throw new MeshError('MESH_BAD_REQUEST', `--state ${text}: "${word.trim()}" is no state; ${hint}`)
  })
}

async function listTasks(batch: string, options: TasksOptions): Promise<void> {
  const client = await openClient(options)
  const { renderTasks } = await import('../render/tasks.ts')
  const { quiet = false, output } = options
  const all: TaskView[] = []
  let listed = 0
  const linesOf = (tasks: readonly TaskView[]): readonly string[] => {
    if (quiet) return tasks.map(({ id }) => id)
    return output === 'jsonl' ? tasks.map((task) => JSON.stringify(task)) : renderTasks(tasks, listed === 0)
  }
  for await (const { tasks } of pagesOf(client, batch, options)) {
    if (output === 'json' && !quiet) all.push(...tasks)
    else if (tasks.length > 0) await print(linesOf(tasks).join('\n'))
    listed += tasks.length
  }
  if (output === 'json' && !quiet) await printJson({ schema: 'promptmesh.tasks/1', batch, tasks: all }, 2)
  else if (listed === 0 && output === 'table' && !quiet) {
    const states = options.state === undefined ? '' : ` that is ${options.state.join(' or ')}`
    say(`${batch} has no task${states}`)
  }
}

/** Pages of tasks, in the order of their index, until there are no more or the limit is reached. */
async function* pagesOf(
  client: ControlClient,
  batch: string,
  { state, limit }: TasksOptions,
): AsyncGenerator<TaskPage> {
  let left = limit ?? Number.POSITIVE_INFINITY
  let cursor: string | null | undefined
  while (cursor !== null && left > 0) {
    const query = {
      limit: Math.min(left, cursor === undefined ? FIRST_PAGE_TASKS : PAGE_TASKS_MAX),
      ...(state !== undefined && { states: state }),
      ...(cursor !== undefined && { cursor }),
    }
    const page = await aboutBatch(client, batch, () => client.tasks(batch, query))
    yield page
    left -= page.tasks.length
    cursor = page.cursor
  }
}

async function showTask(name: string, options: TasksOptions): Promise<void> {
  const { batch, ref } = parseTaskName(name)
  const client = await openClient(options)
  const task = await aboutBatch(client, batch, () => client.task(batch, ref))
  if (options.output === 'json') return await printJson({ schema: 'promptmesh.task/1', ...task }, 2)
  const { renderTask } = await import('../render/tasks.ts')
  await print(renderTask(task).join('\n'))
}

async function showWhy(name: string, options: TasksOptions): Promise<void> {
  const { batch, ref } = parseTaskName(name)
  const client = await openClient(options)
  const why = await aboutBatch(client, batch, () => client.why(batch, ref))
  if (options.output === 'json') return await printJson({ schema: 'promptmesh.why/1', ...why }, 2)
  const { formatText } = await import('../../control/format.ts')
  // A command that is proposed stands at the end of its reason.
  const here = sameNode(options)
  const reasons = why.reasons.map((reason) => (/ promptmesh [a-z]+ [^`]+$/.test(reason) ? `${reason}${here}` : reason))
  const lines = [
    `${batch}/${why.task.label}  ${why.task.state}`,
    ...reasons.map((reason) => `  ${formatText(onSameNode(reason, options))}`),
  ]
  await print(lines.join('\n'))
}
