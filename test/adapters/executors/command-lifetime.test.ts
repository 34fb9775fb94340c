/** Tests of the life of a command: aborts, children, limits of output, leaks. */
import { readFileSync, watch } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createExecutor } from '../../../src/adapters/executors/registry.ts'
import type { ExecutionResult, Executor } from '../../../src/node/ports.ts'
import { calm, openWorkbench, runs, type Workbench } from '../../support/executor-jobs.ts'

let bench: Workbench
beforeEach(async () => {
  bench = await openWorkbench()
})
afterEach(() => bench.close())

function command(...argv: string[]): Executor {
  return createExecutor('mine', { executor: 'command', command: argv }, bench.context)
}

/** The numbers in a file `pids` of the folder, once it is complete: its last line is `end`. */
async function pidsIn(folder: string): Promise<number[]> {
  const read = () => {
    try {
      return readFileSync(join(folder, 'pids'), 'utf8').trim().split('\n')
    } catch {
      return []
    }
  }
  await new Promise<void>((resolve) => {
    const watcher = watch(folder, check)
    function check() {
      if (read().at(-1) !== 'end') return
      watcher.close()
      resolve()
    }
    check()
  })
  return read().slice(0, -1).map(Number)
}

/** Runs a script until it has written its pids, then aborts it. */
async function abortScript(script: string): Promise<{ result: ExecutionResult; pids: number[]; folder: string }> {
  const abort = new AbortController()
  const job = await bench.makeJob()
  const running = command('/bin/sh', '-c', `cd "$PROMPTMESH_OUT"\n${script}`).execute(job, abort.signal)
  const pids = await pidsIn(job.folder)
  expect(pids.every(runs)).toBe(true)
  abort.abort()
  return { result: await running, pids, folder: job.folder }
}

describe('the life of a command', () => {
  test('an abort ends it and its children', async () => {
    const { result, pids } = await abortScript('sleep 1000 & echo $$ > pids; echo $! >> pids; echo end >> pids; wait')
    expect(result).toEqual({ outcome: 'stopped' })
    expect(pids).toHaveLength(2)
    expect(pids.filter(runs)).toEqual([])
  })

  test('an abort gives it the time to clean up', async () => {
    const script = `trap 'echo clean > trace; exit 0' TERM; echo $$ > pids; echo end >> pids
      while :; do sleep 0.05; done`
    const { result, folder } = await abortScript(script)
    expect(result).toEqual({ outcome: 'stopped' })
    expect(readFileSync(join(folder, 'trace'), 'utf8')).toBe('clean\n')
  })

  test('an abort ends one that does not listen, and its children that do not', async () => {
    const script = `trap '' TERM; (while :; do sleep 1; done) & echo $$ > pids; echo $! >> pids; echo end >> pids; wait`
    const { result, pids } = await abortScript(script)
    expect(result).toEqual({ outcome: 'stopped' })
    expect(pids.filter(runs)).toEqual([])
  })

  test('children that it leaves behind are ended with it', async () => {
    const job = await bench.makeJob()
    const script = 'sleep 1000 & echo $! > "$PROMPTMESH_OUT/pids"'
    const result = await command('/bin/sh', '-c', script).execute(job, calm())
    expect(result).toMatchObject({ outcome: 'completed', files: [{ name: 'pids' }] })
    expect([Number(readFileSync(join(job.folder, 'pids'), 'utf8'))].filter(runs)).toEqual([])
  })

  test('a child that left its group does not hold up the result', async () => {
    const job = await bench.makeJob()
    const script = 'setsid sleep 1000 & echo $! > "$PROMPTMESH_OUT/pids"'
    const result = await command('/bin/sh', '-c', script).execute(job, calm())
    expect(result.outcome).toBe('completed')
    const pid = Number(readFileSync(join(job.folder, 'pids'), 'utf8'))
    if (runs(pid)) process.kill(pid, 'SIGKILL')
  })

  test('endless output is ended, bounded in memory, and bad output', async () => {
    let most = 0
    const before = process.memoryUsage().rss
    const meter = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss - before)
    }, 5)
    const job = await bench.makeJob()
    const result = await command('yes', 'x'.repeat(100)).execute(job, calm())
    clearInterval(meter)
    expect(result).toEqual({
      outcome: 'failed',
      error: { class: 'bad-output', message: 'printed more than 67108864 bytes and was ended' },
    })
    expect(most).toBeLessThan(48 * 1024 * 1024)
  })

  test('endless standard error is bounded and ends with the command', async () => {
    const script = 'head -c 30000000 /dev/zero | tr "\\0" e >&2; echo last >&2; exit 9'
    const result = await command('/bin/sh', '-c', script).execute(await bench.makeJob(), calm())
    expect(result).toMatchObject({
      outcome: 'failed',
      error: { message: expect.stringMatching(/^exit code 9: [\s\S]*last$/) },
    })
  })

  test('300 in a row leave no handle, no listener and no process behind', async () => {
    const executor = command('/bin/sh', '-c', 'exit 0')
    const signal = calm()
    await executor.execute(await bench.makeJob(), signal)
    const handles = () =>
      process
        .getActiveResourcesInfo()
        .filter((name) => name.endsWith('Wrap'))
        .sort()
        .join(' ')
    const files = async () => (process.platform === 'linux' ? (await readdir('/proc/self/fd')).length : 0)
    const before = { handles: handles(), files: await files() }
    const job = await bench.makeJob()
    for (let round = 0; round < 300; round++) await executor.execute(job, signal)
    expect({ handles: handles(), files: await files() }).toEqual(before)
  })

  test('many at a time keep to themselves', async () => {
    const executor = command('cat')
    const jobs = await Promise.all(Array.from({ length: 40 }, () => bench.makeJob()))
    const results = await Promise.all(jobs.map((job) => executor.execute(job, calm())))
    expect(results).toEqual(jobs.map(({ prompt }) => ({ outcome: 'completed', text: prompt, files: [] })))
  })
})
