/** Tests of the guard: real nodes are killed and their commands end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createGuard } from '../../../src/adapters/executors/guard.ts'
import { killGroup } from '../../../src/adapters/executors/process-group.ts'
import { createExecutor } from '../../../src/adapters/executors/registry.ts'
import { calm, collectingLog, openWorkbench, runs } from '../../support/executor-jobs.ts'

let folder: string
const started: number[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promptmesh-guard-'))
})
afterEach(async () => {
  for (const group of started.splice(0)) await killGroup(group)
  await rm(folder, { recursive: true, force: true })
})

function startGroup(): number {
  const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' })
  const group = child.pid as number
  started.push(group)
  return group
}

async function startNode(): Promise<{ node: ChildProcess; pids: number[] }> {
  const script = fileURLToPath(new URL('./guarded-node.ts', import.meta.url))
  const node = spawn(process.execPath, [script, folder], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = await once(node.stdout, 'data')
  const pids = String(line).trim().split(' ').map(Number)
  expect(pids).toHaveLength(4)
  expect(pids.every(runs)).toBe(true)
  return { node, pids }
}

const soon = { timeout: 2_000, interval: 10 }

describe('the guard', () => {
  test('ends the commands of a node that is killed with -9', async () => {
    const { node, pids } = await startNode()
    node.kill('SIGKILL')
    await vi.waitFor(() => expect(pids.filter(runs)).toEqual([]), soon)
  })

  test('ends the commands of a node that exits without a word', async () => {
    const { node, pids } = await startNode()
    node.stdin?.write('end\n')
    expect(await once(node, 'exit')).toEqual([0, null])
    await vi.waitFor(() => expect(pids.filter(runs)).toEqual([]), soon)
  })

  test('ends what is registered when it is closed, and nothing else', async () => {
    const { log, warnings } = collectingLog()
    const guard = createGuard(log)
    const [first, second, third, stranger] = [startGroup(), startGroup(), startGroup(), startGroup()]
    for (const group of [first, second, third]) guard.add(group)
    guard.remove(second)
    await guard.close()
    await vi.waitFor(() => expect([first, third].filter(runs)).toEqual([]), soon)
    expect([second, stranger].filter(runs)).toEqual([second, stranger])
    expect(warnings).toEqual([])
    await guard.close()
  })

  test('forgets groups that are gone, in any order', async () => {
    const guard = createGuard(collectingLog().log)
    const groups = Array.from({ length: 6 }, startGroup)
    for (const group of groups) guard.add(group)
    for (const index of [0, 5, 2]) guard.remove(groups[index] ?? 0)
    await guard.close()
    const kept = [groups[0], groups[2], groups[5]]
    await vi.waitFor(() => expect(groups.filter(runs)).toEqual(kept), soon)
  })

  test('is started again with all groups when it has ended', async () => {
    const { log, warnings } = collectingLog()
    const guard = createGuard(log, join(folder, 'guard.sh'))
    await writeFile(join(folder, 'guard.sh'), `#!/bin/sh\necho $$ >> ${folder}/guards\nexec /bin/sh "$@"\n`, {
      mode: 0o755,
    })
    const [first, second] = [startGroup(), startGroup()]
    guard.add(first)
    const pid = await vi.waitFor(async () => Number(await readFile(join(folder, 'guards'), 'utf8')), soon)
    process.kill(pid, 'SIGKILL')
    await vi.waitFor(() => expect(warnings).toHaveLength(1), soon)
    guard.add(second)
    await guard.close()
    await vi.waitFor(() => expect([first, second].filter(runs)).toEqual([]), soon)
  })

  test('is done without where there is no shell, and the log says so once', async () => {
    const { log, warnings } = collectingLog()
    const bench = await openWorkbench()
    const guard = createGuard(log, '/no/such/shell')
    const context = { ...bench.context, guard }
    const executor = createExecutor('mine', { executor: 'command', command: ['cat'] }, context)
    for (let round = 0; round < 3; round++) {
      expect(await executor.execute(await bench.makeJob({ prompt: 'hi' }), calm())).toMatchObject({ text: 'hi' })
    }
    await guard.close()
    await bench.close()
    expect(warnings).toEqual([
      {
        fields: { problem: expect.stringContaining('ENOENT') },
        message: expect.stringContaining('the guard process is not there'),
      },
    ])
  })
})
