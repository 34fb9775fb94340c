/** `seed`, `cancel`, `retry`, `pause`, `resume`, `delete` and `why`, as processes: what happened, in plain words, and the way on. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CONFIG, prompts, Workplace } from './cli-support.ts'

let place: Workplace
let batches = 0
let batch = ''
const ask = (...args: readonly string[]) => place.run([...args, '--data', 'data'])
const seed = (...args: readonly string[]) => ask('seed', 'three.txt', '--name', batch, ...args)

beforeAll(async () => {
  place = await Workplace.make()
  await place.write('config.json', CONFIG)
  await place.write('three.txt', prompts(3))
  await place.up('--config', 'config.json')
})
afterAll(() => place.remove())
beforeEach(() => {
  batches += 1
  batch = `b${batches}`
})

describe('seeding for a profile that no node has', () => {
  test('is done, warned of before and after, with the profile that was probably meant and the way back', async () => {
    const { code, stderr } = await seed('--profile', 'ehco')
    expect(stderr).toMatch(
      /^! no node can run the profile ehco now; did you mean echo\? \(nodes run broken, echo, stuck\)$/m,
    )
    expect(stderr).toContain(
      `! these prompts wait until a node can run the profile ehco; undo: \`promptmesh cancel ${batch} --data data\``,
    )
    expect(code).toBe(0)
    expect((await ask('cancel', batch)).stderr).toContain(`${batch} is cancelled: 3 tasks will not run; undo: `)
  })

  test('into a batch with other prompts names a way back that spares those', async () => {
    await seed('--profile', 'echo')
    const { stderr } = await seed('--profile', 'ehco')
    expect(stderr).toContain(`batch ${batch} was seeded for echo before: for ehco its prompts are other tasks`)
    expect(stderr).toContain(
      `undo: \`promptmesh cancel ${batch}/N --data data\` for those that \`promptmesh tasks ${batch} --state waiting --data data\` lists`,
    )
  })

  test('says of a batch that is cancelled or paused that nothing of it runs', async () => {
    await seed('--profile', 'sdxl')
    await ask('cancel', batch)
    expect((await seed()).stderr).toContain(
      `! ${batch} is cancelled, so nothing of it runs; \`promptmesh retry ${batch} --data data\` takes it up again`,
    )
    await ask('retry', batch)
    await ask('pause', batch)
    expect((await seed()).stderr).toContain(
      `! ${batch} is paused; \`promptmesh resume ${batch} --data data\` goes on with it`,
    )
  })
})

describe('a batch that is cancelled', () => {
  beforeEach(async () => {
    await seed('--profile', 'sdxl')
    await ask('cancel', `${batch}/1`)
    await ask('cancel', batch)
  })

  test('has no task that is tried again alone: that is an error with its remedy', async () => {
    // Task 0 is open but for its batch, task 1 was cancelled by name.
    for (const task of ['0', '1']) {
      expect(await ask('retry', `${batch}/${task}`)).toEqual({
        code: 1,
        stdout: '',
        stderr: `promptmesh: nothing to retry: batch ${batch} is cancelled; \`promptmesh retry ${batch} --data data\` takes the whole batch up again [MESH_CANNOT_RUN]\n`,
      })
    }
  })

  test('has no task left to cancel, and taking it up again brings all of them back', async () => {
    expect(await ask('cancel', `${batch}/0`)).toMatchObject({
      code: 0,
      stderr: `nothing to cancel: batch ${batch} is cancelled already\n`,
    })
    expect((await ask('retry', batch)).stderr).toContain(
      `${batch} is taken up again, 3 tasks to go; 1 task of ${batch} will be tried again; watch: `,
    )
  })

  test('is paused and resumed with a word that it stays cancelled', async () => {
    for (const change of ['pause', 'resume']) {
      expect((await ask(change, batch)).stderr).toContain(
        `but it is cancelled: \`promptmesh retry ${batch} --data data\` takes it up again`,
      )
    }
  })
})

describe('a batch that is deleted', () => {
  test('is asked for first: without a terminal and --yes it stays', async () => {
    await seed('--profile', 'sdxl')
    expect(await ask('delete', batch)).toEqual({
      code: 2,
      stdout: '',
      stderr: `promptmesh: deleting ${batch} (3 tasks, 0 completed) cannot be undone: say --yes to do it [MESH_BAD_REQUEST]\n`,
    })
    expect((await ask('status', batch)).code).toBe(0)
  })

  test('is gone from every list, and another one when it is seeded again', async () => {
    await seed('--profile', 'echo')
    await ask('wait', batch)
    expect(await ask('delete', batch, '--yes')).toEqual({
      code: 0,
      stdout: '',
      stderr: `${batch} is deleted; what was pulled of it stays where it is\n`,
    })
    expect((await ask('batches')).stdout).not.toContain(batch)
    expect((await ask('tasks', batch)).stderr).toContain('[MESH_BATCH_UNKNOWN]')
    expect((await ask('delete', batch, '--yes')).stderr).toContain('[MESH_BATCH_UNKNOWN]')
    expect((await seed('--profile', 'echo')).stderr).toContain('3 new')
  })
})

describe('tasks that cannot be changed', () => {
  test('are told with how they stand', async () => {
    await seed('--profile', 'echo')
    await ask('wait', batch)
    expect(await ask('retry', `${batch}/0`)).toMatchObject({
      code: 0,
      stderr: `nothing to retry: ${batch}/0 is COMPLETED\n`,
    })
    expect((await ask('cancel', `${batch}/0`)).stderr).toBe(`nothing to cancel: ${batch}/0 is COMPLETED\n`)
    expect((await ask('cancel', `${batch}/0`, `${batch}/1`)).stderr).toBe(
      `nothing to cancel: these 2 tasks of ${batch} have ended already\n`,
    )
    expect((await ask('retry', batch)).stderr).toBe(`nothing to retry: no task of ${batch} is failed or cancelled\n`)
  })

  test('are counted beside those that changed, each named once', async () => {
    await seed('--profile', 'sdxl')
    await ask('cancel', `${batch}/0`)
    const names = [`${batch}/0`, `${batch}/1`, `${batch}/1`]
    expect((await ask('cancel', ...names)).stderr).toContain(
      `1 task of ${batch} cancelled, 1 had ended before, what runs may finish (--now stops it); undo: \`promptmesh retry ${batch}/0 ${batch}/1 --data data\``,
    )
    expect((await ask('retry', `${batch}/0`, `${batch}/2`)).stderr).toContain(
      `1 task of ${batch} will be tried again, 1 had completed or will run anyway; watch: `,
    )
  })
})

describe('what a node proposes', () => {
  test('where it is empty names it as well', async () => {
    const empty = await Workplace.make()
    await empty.up()
    expect((await empty.run(['status', '--data', 'data'])).stdout).toContain('`promptmesh seed FILE --data data`')
    await empty.remove()
  })

  test('asks the node that was asked', async () => {
    await seed('--profile', 'sdxl')
    expect((await ask('task', `${batch}/77`)).stderr).toContain(`\`promptmesh tasks ${batch} --data data\``)
    expect((await ask('status', 'nosuch')).stderr).toContain('`promptmesh batches --data data`')
    expect((await ask('wait', batch, '--timeout', '0')).stderr).toContain('`promptmesh status --data data`')
    await ask('cancel', `${batch}/0`)
    expect((await ask('why', `${batch}/0`)).stdout).toMatch(new RegExp(`promptmesh retry ${batch}/0 --data data\`?\n$`))
  })
})

test('a list without a task says so to people, and nothing to scripts', async () => {
  await seed('--profile', 'sdxl')
  expect(await ask('tasks', batch, '--state', 'failed,completed')).toEqual({
    code: 0,
    stdout: '',
    stderr: `${batch} has no task that is FAILED or COMPLETED\n`,
  })
  expect(await ask('tasks', batch, '--state', 'failed', '-q')).toEqual({ code: 0, stdout: '', stderr: '' })
})

test('seeding that is stopped says what stays, as its last line', async () => {
  const running = place.start(['seed', '-', '--name', batch, '--profile', 'sdxl', '--data', 'data'], { input: null })
  running.child.stdin?.write(prompts(2_000))
  const total = async () => (await ask('status', batch, '-o', 'json')).stdout
  await expect.poll(total, { timeout: 20_000 }).toMatch(/"total": [12],?000/)
  running.child.kill('SIGINT')
  const { code, stderr } = await running.ended
  expect(stderr).toMatch(/(^|\n)stopped: what the node has acknowledged stays; the same command adds the rest\n$/)
  expect(code).toBe(130)
})
