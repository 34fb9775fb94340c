/** Prompts that sleep for ever take the places they hang in, and nothing more. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Workplace } from '../cli/cli-support.ts'

let place: Workplace
beforeEach(async () => {
  place = await Workplace.make()
})
afterEach(() => place.remove())

interface TaskLine {
  readonly index: number
  readonly state: string
  readonly attempts: number
  readonly error: string | null
}

test('2 % of prompts that hang end FAILED with every attempt listed, the others are not delayed', {
  timeout: 120_000,
}, async () => {
  const count = 200
  const places = 8
  const script = 'read -r line; case "$line" in hang*) exec sleep 1000;; *) sleep 0.05; echo "$line";; esac'
  const profile = { executor: 'command', command: ['sh', '-c', script], places, timeout: '2s' }
  await place.write('promptmesh.json', JSON.stringify({ profiles: { draw: profile } }))
  const hanging = [10, 60, 110, 160]
  const lines = Array.from({ length: count }, (_, at) => `${hanging.includes(at) ? 'hang' : 'fine'} ${at}`)
  await place.write('prompts.txt', lines.join('\n'))
  const node = await place.up()
  const startedMs = performance.now()
  expect(await place.run(['seed', 'prompts.txt', '--data', 'data'])).toMatchObject({ code: 0 })
  let completed = 0
  while (completed < count - hanging.length) {
    const { stdout } = await place.run(['status', '--data', 'data', '-o', 'json'])
    completed = (JSON.parse(stdout) as { batches: { completed: number }[] }).batches[0]?.completed ?? 0
  }
  const othersMs = performance.now() - startedMs
  // Four places may hang all the time; the other four need 196 / 4 executions of 0.05 s and what a process costs.
  expect(othersMs).toBeLessThan(20_000)
  expect((await place.run(['wait', 'prompts', '--data', 'data', '--timeout', '60'])).code).toBe(3)
  const tasks = (await place.run(['tasks', 'prompts', '--data', 'data', '-o', 'jsonl'])).stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as TaskLine)
  expect(tasks).toHaveLength(count)
  expect(tasks.filter(({ state }) => state === 'FAILED').map(({ index }) => index)).toEqual(hanging)
  expect(tasks.filter(({ state }) => state === 'COMPLETED').every(({ attempts }) => attempts === 1)).toBe(true)
  const { stdout } = await place.run(['task', 'prompts/10', '--data', 'data', '-o', 'json'])
  const { attemptList } = JSON.parse(stdout) as { attemptList: { outcome: string; seconds: number; error: string }[] }
  expect(attemptList.map(({ outcome }) => outcome)).toEqual(['timed-out', 'timed-out', 'timed-out'])
  for (const { seconds, error } of attemptList) {
    expect(seconds).toBeGreaterThanOrEqual(2)
    expect(seconds).toBeLessThan(4)
    expect(error).toContain('timed-out')
  }
  node.child.kill('SIGTERM')
  expect((await node.ended).code).toBe(0)
})
