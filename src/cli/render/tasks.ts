/** Tasks for people: a table of many, or one with every attempt. */
import { type Column, formatBytes, formatPlural, formatSeconds, formatTable, formatText } from '../../control/format.ts'
import type { AttemptView, TaskDetail, TaskView } from '../../node/api.ts'
import { columns } from './terminal.ts'

const COLUMNS: readonly Column[] = [
  { title: 'TASK' },
  { title: 'STATE' },
  { title: 'ATTEMPTS', align: 'right' },
  { title: 'NODE' },
  { title: 'TIME', align: 'right' },
  { title: 'PROMPT' },
]

/** The narrowest that a prompt is cut to. */
const PROMPT_MIN = 20

/** A page of tasks, a line each; its title line only where `titled`. */
export function renderTasks(tasks: readonly TaskView[], titled: boolean): string[] {
  const cells = tasks.map((task) => [
    task.label,
    task.state,
    String(task.attempts),
    task.node ?? '-',
    task.seconds === null ? '-' : formatSeconds(task.seconds),
  ])
  const before = Math.max(...formatTable(COLUMNS.slice(0, -1), cells).map((line) => line.length)) + 2
  const space = Math.max(PROMPT_MIN, columns() - before)
  const rows = tasks.map((task, at) => {
    const why = task.error === null ? '' : `  (${task.error})`
    return [...(cells[at] ?? []), formatText(`${task.prompt}${why}`, space)]
  })
  return formatTable(COLUMNS, rows).slice(titled ? 0 : 1)
}

/** Everything that is known of one task. */
export function renderTask(task: TaskDetail): string[] {
  const by = task.node === null ? '' : `  on ${task.node}`
  const time = task.seconds === null ? '' : ` in ${formatSeconds(task.seconds)}`
  const lines = [
    `${task.batch}/${task.label}  ${task.state}${by}${time}`,
    `prompt    ${formatText(task.prompt)}`,
    `profile   ${task.profile}, seed ${task.seed}, id ${task.id}`,
  ]
  if (Object.keys(task.params).length > 0) lines.push(`params    ${formatText(JSON.stringify(task.params))}`)
  if (task.error !== null) lines.push(`error     ${formatText(task.error)}`)
  if (task.text !== null) lines.push(`text      ${formatText(task.text)}`)
  for (const { name, bytes, mime, sha256 } of task.artifacts) {
    lines.push(`artifact  ${formatText(name)}  ${formatText(mime)}  ${formatBytes(bytes)}  ${sha256}`)
  }
  lines.push(formatPlural(task.attemptList.length, 'attempt'))
  const table = formatTable(
    [{ title: '' }, { title: '' }, { title: '' }, { title: '', align: 'right' }, { title: '' }],
    task.attemptList.map(attemptRow),
  )
  return [...lines, ...table.slice(1).map((line) => `  ${line}`)]
}

function attemptRow(attempt: AttemptView, at: number): string[] {
  const { startedSecondsAgo: ago, seconds } = attempt
  const started = ago === null ? '' : `started ${formatSeconds(ago)} ago`
  const error = attempt.error === null ? '' : formatText(attempt.error)
  return [
    `${at + 1}`,
    attempt.node,
    attempt.outcome ?? 'not ended',
    seconds === null ? '-' : formatSeconds(seconds),
    [started, error].filter((part) => part !== '').join('  '),
  ]
}
