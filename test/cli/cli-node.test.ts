/** The commands that ask a node, as processes: the contract for scripts. */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CONFIG, prompts, Workplace } from './cli-support.ts'

const BATCH_KEYS =
  'name id profile priority paused total waiting scheduled running completed failed cancelled extraExecutions ratePerSecond etaSeconds'
const NODE_KEYS =
  'name id state reason places busy profiles medianSeconds completed failed stolenIn stolenOut finishSeconds diskFreeBytes version'
const TASK_KEYS = 'batch index id prompt state attempts node seconds error artifacts'
const ATTEMPT_KEYS = 'token node outcome error startedSecondsAgo seconds'

const expectKeys = (value: object, keys: string) =>
  expect(Object.keys(value)).toEqual(expect.arrayContaining(keys.split(' ')))

describe('the commands that ask a node', () => {
  let place: Workplace
  const ask = (...args: readonly string[]) => place.run([...args, '--data', 'data'])
  const seed = async (name: string, profile: string, count: number) => {
    await place.write(`${name}.txt`, prompts(count))
    return ask('seed', `${name}.txt`, '--profile', profile, '--max-attempts', '1', '-o', 'json')
  }

  beforeAll(async () => {
    place = await Workplace.make()
    await place.write('config.json', CONFIG)
    await place.up('--config', 'config.json', '--name', 'gpu-01')
  })
  afterAll(() => place.remove())

  test('seed says in JSON exactly what became of the lines, and the second time that all is there', async () => {
    await place.write('odd.txt', 'one\n\ntwo\nthr\0ee\n')
    const first = await ask('seed', 'odd.txt', '--profile', 'echo', '-o', 'json')
    expect(first.code).toBe(0)
    expect(JSON.parse(first.stdout)).toEqual({
      schema: 'promptmesh.seed/1',
      batch: 'odd',
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      read: 2,
      new: 2,
      existing: 0,
      blank: 1,
      bad: 1,
      copies: 1,
    })
    expect(first.stderr).toContain(
      'odd: 2 read: 2 new, 0 already there, 1 blank, 1 bad\n  line 4: contains a NUL byte\n',
    )
    expect(first.stderr).toContain('`promptmesh status -w --data data`')
    const second = await ask('seed', 'odd.txt', '--profile', 'echo', '-o', 'json')
    expect(JSON.parse(second.stdout)).toMatchObject({ new: 0, existing: 2 })
  })

  test('seed takes what is piped in, and names the batch as it is told', async () => {
    const { code } = await place.run(['seed', '-', '--name', 'piped', '--profile', 'echo', '--data', 'data'], {
      input: 'a\nb\n',
    })
    expect(code).toBe(0)
    expect((await ask('wait', 'piped')).code).toBe(0)
  })

  test('seed says when nobody can run a profile, and asks for one where there are several', async () => {
    expect((await seed('nobody', 'sdxl', 1)).stderr).toContain('! no node can run the profile sdxl now')
    await place.write('several.txt', 'one\n')
    const { code, stderr } = await ask('seed', 'several.txt')
    expect(stderr).toContain('choose one with --profile NAME [MESH_PROFILE_UNKNOWN]')
    expect(code).toBe(1)
  })

  test('status has every key that scripts rely on, and its counts add up', async () => {
    await seed('counted', 'echo', 20)
    const { code, stdout } = await ask('status', '-o', 'json')
    expect(code).toBe(0)
    const status = JSON.parse(stdout)
    expectKeys(status, 'schema asked viewAgeSeconds settled members slots batches nodes')
    expect(status).toMatchObject({ schema: 'promptmesh.status/1', asked: 'gpu-01', members: { alive: 1 } })
    expectKeys(status.members, 'alive suspect dead left')
    expectKeys(status.slots, 'owned unowned orphaned')
    expectKeys(status.nodes[0], NODE_KEYS)
    for (const batch of status.batches) {
      expectKeys(batch, BATCH_KEYS)
      const { waiting, scheduled, running, completed, failed, cancelled, total } = batch
      expect(waiting + scheduled + running + completed + failed + cancelled).toBe(total)
    }
  })

  test('status for people shows batches with bars and sums, and the nodes, without colours', async () => {
    await seed('shown', 'echo', 3)
    await ask('wait', 'shown')
    const { stdout } = await ask('status', 'shown')
    expect(stdout).toContain('shown [############################]  3 / 3  100 %  finished\n')
    expect(stdout).toContain('waiting 0  running 0  failed 0  completed 3    = 3\n')
    expect(stdout).toMatch(/^NODE +STATE +PROFILES/m)
    expect(stdout).toMatch(/^gpu-01 \* +alive +broken,echo,stuck|^gpu-01 \* +alive +echo,broken,stuck/m)
    expect(stdout).not.toContain('\u001b')
  })

  test('status -w shows it again each second until Ctrl-C, which is its ordinary end', async () => {
    const { child, ended } = place.start(['status', '-w', '-o', 'jsonl', '--data', 'data'])
    let lines = ''
    for await (const text of child.stdout ?? []) {
      lines += text
      if (lines.split('\n').length > 2) break
    }
    child.kill('SIGINT')
    expect((await ended).code).toBe(0)
    expect(JSON.parse(String(lines.split('\n')[1]))).toMatchObject({ schema: 'promptmesh.status/1' })
  })

  test('batches lists them, for people and for scripts', async () => {
    await seed('listed', 'echo', 1)
    expect((await ask('batches')).stdout).toMatch(/^BATCH +PROFILE[^\n]+\n(.*\n)*listed +echo/)
    const lines = (await ask('batches', '-o', 'jsonl')).stdout.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).name)).toContain('listed')
  })

  test('tasks has one line a task with every key, filters by state and limit, and gives bare ids', async () => {
    await seed('lines', 'echo', 5)
    await ask('wait', 'lines')
    const { stdout } = await ask('tasks', 'lines', '-o', 'jsonl')
    const tasks = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(tasks.map(({ index, prompt, state }) => ({ index, prompt, state }))).toEqual(
      [0, 1, 2, 3, 4].map((index) => ({ index, prompt: `prompt ${index}`, state: 'COMPLETED' })),
    )
    for (const task of tasks) expectKeys(task, TASK_KEYS)
    expect((await ask('tasks', 'lines', '-q', '--limit', '2')).stdout).toBe(`${tasks[0].id}\n${tasks[1].id}\n`)
    expect((await ask('tasks', 'lines', '--state', 'failed,waiting', '-o', 'jsonl')).stdout).toBe('')
    expect((await ask('tasks', 'lines', '--limit', '1')).stdout).toMatch(
      /^TASK +STATE[^\n]+\n0 +COMPLETED[^\n]+prompt 0\n$/,
    )
  })

  test('tasks ends quietly when its reader has seen enough', async () => {
    await seed('long', 'sdxl', 5_000)
    const { child, ended } = place.start(['tasks', 'long', '-o', 'jsonl', '--data', 'data'])
    for await (const _ of child.stdout ?? []) break
    child.stdout?.destroy()
    expect(await ended).toMatchObject({ code: 0, stderr: '' })
  })

  test('a failed task says every attempt, and wait ends with 3 and what to do', async () => {
    await seed('bad', 'broken', 2)
    const waited = await ask('wait', 'bad')
    expect(waited.code).toBe(3)
    expect(waited.stderr).toContain('bad has ended: 0 completed, 2 failed, 0 cancelled')
    expect(waited.stderr).toContain('`promptmesh retry bad --data data`')
    const task = JSON.parse((await ask('task', 'bad/1', '-o', 'json')).stdout)
    expectKeys(task, `${TASK_KEYS} attemptList`)
    expect(task).toMatchObject({ state: 'FAILED', error: expect.stringContaining('no such model') })
    expectKeys(task.attemptList[0], ATTEMPT_KEYS)
    expect((await ask('task', 'bad/1')).stdout).toMatch(/^bad\/1 {2}FAILED/)
    expect((await ask('why', 'bad/1')).stdout).toMatch(/^bad\/1 {2}FAILED\n {2}\S/)
  })

  test('wait ends with 5 when the time runs out first', async () => {
    await seed('slow', 'stuck', 1)
    const { code, stderr } = await ask('wait', 'slow', '--timeout', '200ms')
    expect(stderr).toMatch(/after 0\.2 s not ended, slow: 1 task of 1 to go.*\[MESH_TIMEOUT\]/)
    expect(code).toBe(5)
    expect((await ask('cancel', 'slow', '--now')).code).toBe(0)
    expect((await ask('wait', 'slow')).code).toBe(3)
  })

  test('tasks and batches are paused, resumed, cancelled and retried, each with the next command', async () => {
    await seed('turned', 'sdxl', 3)
    expect((await ask('pause', 'turned')).stderr).toContain('resume it with `promptmesh resume turned --data data`')
    expect((await ask('status', 'turned')).stdout).toContain('paused')
    expect((await ask('resume', 'turned')).code).toBe(0)
    expect((await ask('cancel', 'turned/0', 'turned/2')).stderr).toContain('2 tasks of turned cancelled')
    expect((await ask('retry', 'turned/0')).stderr).toContain('1 task of turned will be tried again')
    expect((await ask('cancel', 'turned')).stderr).toContain('undo: `promptmesh retry turned --data data`')
    expect(JSON.parse((await ask('status', 'turned', '-o', 'json')).stdout).batches[0]).toMatchObject({ cancelled: 3 })
    expect((await ask('retry', 'turned')).stderr).toContain('turned is taken up again')
    expect(JSON.parse((await ask('status', 'turned', '-o', 'json')).stdout).batches[0]).toMatchObject({
      waiting: 3,
      cancelled: 0,
    })
  })

  test('an unknown batch or task is named, with what was probably meant', async () => {
    await seed('paintings', 'sdxl', 1)
    for (const command of [['tasks'], ['status'], ['pause'], ['cancel'], ['retry'], ['wait']]) {
      const { code, stderr } = await ask(...command, 'paintngs')
      expect(stderr).toMatch(
        /^promptmesh: no batch "paintngs"[^\n]*; did you mean "paintings"\? \[MESH_BATCH_UNKNOWN\]\n$/,
      )
      expect(code).toBe(1)
    }
    expect((await ask('task', 'paintings/77')).stderr).toMatch(/^promptmesh: [^\n]*77[^\n]*\[MESH_TASK_UNKNOWN\]\n$/)
  })

  test('pull writes the results, and the second time leaves them alone', async () => {
    await seed('pulled', 'echo', 4)
    await ask('wait', 'pulled')
    const first = await ask('pull', 'pulled', 'out')
    expect(first).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('4 files written to out, 0 were there already'),
    })
    expect(await readFile(place.path('out/00000/000000002.txt'), 'utf8')).toBe('prompt 2')
    const second = JSON.parse((await ask('pull', 'pulled', 'out', '-o', 'json')).stdout)
    expect(second).toMatchObject({ schema: 'promptmesh.pull/1', written: 0, present: 4, missing: [] })
  })

  test('another node is asked by its address', async () => {
    const { url } = JSON.parse(await readFile(place.path('data/api.json'), 'utf8'))
    const { code, stdout } = await place.run(['status', '-o', 'json', '--node', url, '--token-file', 'data/api.json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout).asked).toBe('gpu-01')
  })
})
