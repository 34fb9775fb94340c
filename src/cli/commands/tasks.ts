/** `tasks`, `task` and `why`: the tasks of a batch, one with every attempt, and why one does not run. */
import type { Command } from 'commander'
import type { ControlClient } from '../../control/client.ts'
import { PAGE_TASKS_MAX } from '../../control/protocol.ts'
import { MeshError } from '../../core/errors.ts'
import type { TaskPage, TaskState, TaskView } from '../../node/api.ts'
import { nearest } from '../nearest.ts'
import { print, printJson } from '../render/terminal.ts'
import {
  aboutBatch,
  addExamples,
  addNodeOptions,
  type Format,
  type NodeOptions,
  openClient,
  outputOption,
  parseTaskName,
  type Run,
  wholeNumber,
} from './shared.ts'

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
  const tasks = program.command('tasks <batch>').description('list the tasks of a batch')
  addExamples(
    addNodeOptions(tasks),
    'tasks images --state failed',
    'tasks images -o jsonl',
    'tasks images -q --limit 10',
  )
    .option('--state <states>', `only these, separated by commas: ${STATES.join(', ').toLowerCase()}`, parseStates)
    .option('--limit <n>', 'at most so many', wholeNumber(1))
    .option('-q, --quiet', 'only the ids')
    .addOption(outputOption('table', 'json', 'jsonl'))
    .action(run(listTasks))
  const task = program.command('task <batch/n>').description('show one task with every attempt')
  addExamples(addNodeOptions(task), 'task images/7', 'task images/7 -o json')
    .addOption(outputOption('table', 'json'))
    .action(run(showTask))
  const why = program.command('why <batch/n>').description('say why a task does not run')
  addExamples(addNodeOptions(why), 'why images/7').addOption(outputOption('table', 'json')).action(run(showWhy))
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
  const all: TaskView[] = []
  let titled = true
  for await (const { tasks } of aboutPages(client, batch, options)) {
    if (options.quiet === true) {
      for (const { id } of tasks) await print(id)
    } else if (options.output === 'jsonl') {
      for (const task of tasks) await printJson(task)
    } else if (options.output === 'json') {
      all.push(...tasks)
    } else if (tasks.length > 0 || titled) {
      await print(renderTasks(tasks, titled).join('\n'))
      titled = false
    }
  }
  if (options.output === 'json' && options.quiet !== true) {
    await printJson({ schema: 'promptmesh.tasks/1', batch, tasks: all }, 2)
  }
}

/** Pages of tasks, in the order of their index, until there are no more or the limit is reached. */
async function* aboutPages(
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
  const lines = [
    `${batch}/${why.task.label}  ${why.task.state}`,
    ...why.reasons.map((reason) => `  ${formatText(reason)}`),
  ]
  await print(lines.join('\n'))
}
