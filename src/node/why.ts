/** Why a task is not running, how many are ahead of it, and when it may be its turn. */
import type { BatchView, StatusView, TaskDetail } from './api.ts'

/** One sentence a line. */
export function reasonsOf(task: TaskDetail, batchName: string, status: StatusView): string[] {
  const batch = status.batches.find((each) => each.name === batchName)
  switch (task.state) {
    case 'COMPLETED':
      return [`It is completed, by ${task.node} in attempt ${task.attempts}.`]
    case 'RUNNING':
    case 'SCHEDULED':
      return [`It runs on ${task.node} now, in attempt ${task.attempts}.`]
    case 'FAILED':
      return [
        `It failed for good after ${attempts(task)}: ${task.error}.`,
        `Run it again: promptmesh retry ${batchName}/${task.label}`,
      ]
    case 'CANCELLED':
      return [`It was cancelled. Run it again: promptmesh retry ${batchName}/${task.label}`]
    case 'WAITING':
      return waiting(task, batch, status)
  }
}

function waiting(task: TaskDetail, batch: BatchView | undefined, status: StatusView): string[] {
  const reasons: string[] = []
  if (batch === undefined) return ['Its batch is not known here.']
  if (batch.paused) reasons.push(`Its batch is paused. Go on: promptmesh resume ${batch.name}`)
  if (batch.blocked !== null) reasons.push(`Nothing of its batch can run: ${batch.blocked}.`)
  if (task.attempts > 0)
    reasons.push(`${attempts(task)} did not complete, the last with: ${task.error}; it waits for another.`)
  if (reasons.length === 0 || task.attempts > 0) reasons.push(...queued(task, batch, status))
  return reasons
}

function queued(task: TaskDetail, batch: BatchView, status: StatusView): string[] {
  const at = status.batches.indexOf(batch)
  const before = status.batches.slice(0, at).filter((each) => !each.paused && !each.batchCancelled)
  const openBefore = before.reduce((sum, each) => sum + each.waiting, 0)
  const ahead = openBefore + Math.min(task.index, Math.max(0, batch.waiting - 1))
  const places = status.nodes.reduce((sum, node) => sum + node.places, 0)
  const busy = status.nodes.reduce((sum, node) => sum + node.busy, 0)
  const reasons = [`${busy} of ${places} places are busy; at most ${ahead} waiting tasks are ahead of it.`]
  if (batch.ratePerSecond)
    reasons.push(
      `At ${batch.ratePerSecond.toFixed(2)} tasks a second it starts within ${Math.ceil(ahead / batch.ratePerSecond)} s.`,
    )
  return reasons
}

function attempts({ attempts: count }: TaskDetail): string {
  return count === 1 ? '1 attempt' : `${count} attempts`
}
