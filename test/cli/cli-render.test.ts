/** What people see of a status, a task, a seeding and its failures; and what is chosen when they do not say. */
import { describe, expect, test } from 'vitest'
import { renderEnd, renderFailures, renderRunning } from '../../src/cli/render/run.ts'
import { renderSeeded, renderSeeding } from '../../src/cli/render/seed.ts'
import { renderBatches, renderStatus } from '../../src/cli/render/status.ts'
import { renderTask, renderTasks } from '../../src/cli/render/tasks.ts'
import { batchNameOf, chooseRunningProfile } from '../../src/cli/seed-settings.ts'
import type { BatchView, NodeView, StatusView, TaskDetail } from '../../src/node/api.ts'

const BATCH: BatchView = {
  name: 'sdxl-1m',
  id: '0123456789abcdef',
  profile: 'sdxl',
  priority: 0,
  paused: false,
  batchCancelled: false,
  total: 1_000_000,
  waiting: 387_560,
  scheduled: 0,
  running: 19,
  completed: 612_408,
  failed: 13,
  cancelled: 0,
  retrying: 48,
  extraExecutions: 0,
  ratePerSecond: 0.98,
  etaSeconds: 392_400,
  blocked: null,
}

const NODE: NodeView = {
  name: 'gpu-01',
  id: '12D3',
  state: 'alive',
  reason: null,
  places: 2,
  busy: 2,
  profiles: ['sdxl'],
  medianSeconds: 4.1,
  completed: 181_020,
  failed: 0,
  stolenIn: 41_200,
  stolenOut: 0,
  finishSeconds: 392_400,
  diskFreeBytes: 227_633_266_688,
  version: '0.1.0',
}

const STATUS: StatusView = {
  schema: 'promptmesh.status/1',
  asked: 'gpu-01',
  viewAgeSeconds: 0.4,
  settled: true,
  members: { alive: 1, suspect: 1, dead: 0, left: 0 },
  slots: { owned: 16_384, unowned: 0, orphaned: 0 },
  batches: [BATCH],
  nodes: [
    NODE,
    { ...NODE, name: 'gpu-09', state: 'suspect', reason: 'no word for 11 s', medianSeconds: null, finishSeconds: null },
  ],
  warnings: ['the disk is nearly full\u001b[31m: make room'],
}

const TASK: TaskDetail = {
  batch: 'images',
  index: 7,
  label: '7~0a1b',
  id: 'f023e822adb2e5a692f495f580ded510',
  prompt: 'a fox\nand a hare',
  params: { seed: 7 },
  profile: 'sketch',
  seed: 7,
  state: 'COMPLETED',
  attempts: 2,
  node: 'gpu-01',
  seconds: 4.1,
  error: null,
  text: null,
  artifacts: [{ sha256: 'ab'.repeat(32), bytes: 60_396, mime: 'image/png', name: 'sketch.png' }],
  attemptList: [
    { token: 'a', node: 'gpu-02', outcome: 'failed', error: 'out of memory', startedSecondsAgo: null, seconds: 12 },
    { token: 'b', node: 'gpu-01', outcome: null, error: null, startedSecondsAgo: 3, seconds: null },
  ],
}

describe('a status', () => {
  test('looks as it was promised, and its counts add up to the total', () => {
    expect(renderStatus(STATUS)).toEqual([
      '2 nodes: 1 alive, 1 suspect    asked gpu-01, view 0.4 s old, settled',
      'sdxl-1m [#################-----------]  612,421 / 1,000,000  61.2 %  0.98/s  ETA 4d 13h',
      '        waiting 387,512  running 19  retrying 48  failed 13  completed 612,408    = 1,000,000',
      'NODE      STATE    PROFILES  BUSY  S/IMG  IMG/H  COMPLETED  FAILED  STOLEN  FINISHES  DISK',
      'gpu-01 *  alive    sdxl       2/2   4.10  1,756    181,020       0  41,200  4d 13h    212G',
      'gpu-09    suspect  sdxl       2/2      -      -    181,020       0  41,200  -         212G  no word for 11 s',
      '! the disk is nearly full [31m: make room',
    ])
    expect(387_512 + 19 + 48 + 13 + 612_408).toBe(1_000_000)
  })

  test.each([
    ['paused', { paused: true }, 'paused'],
    ['cancelled', { batchCancelled: true, waiting: 0, running: 0, cancelled: 387_579 }, 'cancelled'],
    ['blocked', { running: 0, waiting: 387_579, blocked: 'no node has the profile' }, 'blocked'],
    ['finished', { running: 0, waiting: 0, retrying: 0, completed: 999_987 }, 'finished'],
  ])('says of a batch that it is %s', (_, changes, word) => {
    const lines = renderStatus({ ...STATUS, batches: [{ ...BATCH, ...changes }] })
    expect(lines[1]).toMatch(new RegExp(`${word}$`))
    expect(renderBatches([{ ...BATCH, ...changes }])[1]).toContain(word)
  })

  test('says why a batch is blocked, and what to do where there is none', () => {
    const blocked = { ...BATCH, running: 0, blocked: 'no node has the profile sdxl' }
    expect(renderStatus({ ...STATUS, batches: [blocked] })).toContain('! sdxl-1m: no node has the profile sdxl')
    expect(renderStatus({ ...STATUS, batches: [] })[1]).toContain('`promptmesh seed FILE`')
  })
})

describe('tasks', () => {
  test('are a line each, whatever the prompt', () => {
    expect(renderTasks([TASK], true)).toEqual([
      'TASK    STATE      ATTEMPTS  NODE     TIME  PROMPT',
      '7~0a1b  COMPLETED         2  gpu-01  4.1 s  a fox and a hare',
    ])
    expect(renderTasks([{ ...TASK, error: 'out of memory' }], false)[0]).toContain('a fox and a hare  (out of memory)')
  })

  test('tell everything when asked alone', () => {
    expect(renderTask(TASK)).toEqual([
      'images/7~0a1b  COMPLETED  on gpu-01 in 4.1 s',
      'prompt    a fox and a hare',
      'profile   sketch, seed 7, id f023e822adb2e5a692f495f580ded510',
      'params    {"seed":7}',
      `artifact  sketch.png  image/png  59K  ${'ab'.repeat(32)}`,
      '2 attempts',
      '  1  gpu-02  failed     12 s  out of memory',
      '  2  gpu-01  not ended     -  started 3.0 s ago',
    ])
  })
})

describe('a run', () => {
  test('shows what failed and what is tried again beside its bar', () => {
    expect(renderRunning(BATCH)).toMatch(/^sdxl-1m \[#+-+\] .* ETA 4d 13h {2}retrying 48 {2}failed 13$/)
  })

  test('ends with how many pictures, where and how long', () => {
    const result = {
      tasks: 40,
      written: 30,
      present: 10,
      missingCount: 0,
      failed: 0,
      notDone: 0,
      cancelled: 0,
      missing: [],
    }
    expect(renderEnd(result, 'images', 0, 3.21)).toBe('40 pictures in images, 3.2 s')
    expect(renderEnd(result, 'images', 10, 200)).toBe('40 pictures in images (10 were there already), 3m 20s')
  })

  test('groups its failures by their error, the most frequent first', () => {
    const errors = ['oom', 'odd', 'oom', 'oom', 'oom', 'a', 'b', 'c', 'd']
    const tasks = errors.map((error, index) => ({ ...TASK, index, label: String(index), error }))
    const lines = renderFailures(tasks, { ...BATCH, name: 'images', failed: 9 })
    expect(lines.slice(0, 3)).toEqual([
      '9 tasks failed:',
      '  4 x oom  (images/0, images/2, images/3, …)',
      '  1 x odd  (images/1)',
    ])
    expect(lines.at(-1)).toBe('  and 1 other error')
  })
})

describe('a seeding', () => {
  const report = {
    read: 1_632,
    blank: 1,
    bad: 7,
    badLines: [{ line: 1_204, reason: 'contains a NUL byte' }],
    bytesRead: 50,
    totalBytes: 100,
  }

  test('says what became of the lines, and names the first bad ones', () => {
    const answer = { batch: 'parti', id: 'x', new: 1_600, existing: 32, copies: 1 }
    expect(renderSeeded(answer, report)).toEqual([
      'parti: 1,632 read: 1,600 new, 32 already there, 1 blank, 7 bad',
      '  line 1,204: contains a NUL byte',
      '  and 6 more',
    ])
  })

  test('shows how far it is, for a stream without a share', () => {
    const started = performance.now() - 1_000
    expect(renderSeeding(report, started)).toMatch(
      /^seeding {2}\[#{14}-{14}\] {2}50\.0 % {2}1,632 prompts {2}50B {2}1,6\d\d\/s$/,
    )
    expect(renderSeeding({ ...report, totalBytes: undefined }, started)).toMatch(/^seeding {2}1,632 prompts/)
    expect(renderSeeding({ ...report, read: 0 }, started)).toBeUndefined()
  })
})

describe('what a user does not say', () => {
  test.each([
    ['prompts.txt', 'prompts'],
    ['/data/Parti.Prompts.tsv.gz', 'Parti.Prompts'],
    ['noextension', 'noextension'],
    ['.hidden', 'hidden'],
    ['--odd.csv', 'odd'],
    ['.gz', 'prompts'],
    ['-', 'stdin'],
    [`${'x'.repeat(200)}.txt`, 'x'.repeat(100)],
  ])('the batch of %s is called %s', (file, name) => expect(batchNameOf(file)).toBe(name))

  test('the profile is that of the batch, else the only one that the nodes run', () => {
    expect(chooseRunningProfile(STATUS, 'other', undefined)).toEqual({ profile: 'sdxl' })
    expect(chooseRunningProfile(STATUS, 'other', 'flux')).toMatchObject({
      profile: 'flux',
      note: expect.stringContaining('no node can run'),
    })
    const two = { ...STATUS, nodes: [{ ...NODE, profiles: ['sdxl', 'flux'] }] }
    expect(chooseRunningProfile(two, 'sdxl-1m', undefined)).toEqual({ profile: 'sdxl' })
    expect(() => chooseRunningProfile(two, 'other', undefined)).toThrow('choose one with --profile NAME')
    const sketch = { ...STATUS, nodes: [{ ...NODE, profiles: ['sketch'] }] }
    expect(chooseRunningProfile(sketch, 'other', undefined)).toMatchObject({
      profile: 'sketch',
      note: expect.stringContaining('without a model'),
    })
    expect(chooseRunningProfile({ ...STATUS, nodes: [] }, 'other', undefined)).toMatchObject({ profile: 'sketch' })
  })
})
