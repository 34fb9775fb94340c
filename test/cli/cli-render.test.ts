/** What people see of a status, a task, a seeding and its failures. */
import { describe, expect, test } from 'vitest'
import { renderEnd, renderFailures, renderRunning } from '../../src/cli/render/run.ts'
import { renderSeeded, renderSeeding } from '../../src/cli/render/seed.ts'
import { renderBatches, renderStatus } from '../../src/cli/render/status.ts'
import { renderTask, renderTasks } from '../../src/cli/render/tasks.ts'
import { BATCH, STATUS, TASK } from './cli-views.ts'

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

  test('gives no time to a batch that has ended', () => {
    const ended = { ...BATCH, running: 0, waiting: 0, retrying: 0, completed: 999_987, etaSeconds: 0 }
    expect(renderBatches([ended])[1]).toMatch(/ -$/)
    expect(renderBatches([BATCH])[1]).toMatch(/ 4d 13h$/)
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

  test('shows how much of the file is acknowledged, for a stream without a share', () => {
    const started = performance.now() - 1_000
    expect(renderSeeding(report, 816, started)).toMatch(
      /^seeding {2}\[#{7}-{21}\] {2}25\.0 % {2}816 seeded {2}25B {2}8\d\d\/s$/,
    )
    expect(renderSeeding({ ...report, bytesRead: 100 }, 1_632, started)).toMatch(/100 % {2}1,632 seeded/)
    expect(renderSeeding({ ...report, totalBytes: undefined }, 816, started)).toMatch(/^seeding {2}816 seeded/)
    expect(renderSeeding({ ...report, read: 0 }, undefined, started)).toBeUndefined()
  })

  test('claims no progress while nothing is told to be acknowledged', () => {
    expect(renderSeeding(report, undefined, performance.now())).toBe('seeding  1,632 read  50B')
  })
})
