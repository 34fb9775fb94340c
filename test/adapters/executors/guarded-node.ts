/** A process that the tests of the guard start and kill: it runs commands as a node does and tells their pids. */
import { mkdirSync, readFileSync, watch } from 'node:fs'
import { join } from 'node:path'
import { createGuard } from '../../../src/adapters/executors/guard.ts'
import { createExecutor } from '../../../src/adapters/executors/registry.ts'

const folder = process.argv[2] ?? ''
const silent = { info: () => {}, warn: () => {}, error: () => {} }
const guard = createGuard(silent)
const script = 'cd "$PROMPTMESH_OUT"; sleep 1000 & echo "$$ $!" > pids; wait'
const context = { configFolder: folder, environment: process.env, guard }
const executor = createExecutor('mine', { executor: 'command', command: ['/bin/sh', '-c', script] }, context)

const finished = executor.execute(makeJob(0), new AbortController().signal)
void executor.execute(makeJob(1), new AbortController().signal)
const pids = await Promise.all([pidsOf(0), pidsOf(1)])
process.stdout.write(`${pids.flat().join(' ')}\n`)
process.stdin.on('data', (word) => {
  if (String(word).trim() === 'end') process.exit(0)
})
await finished

function makeJob(index: number) {
  const attempt = join(folder, String(index))
  mkdirSync(attempt)
  const job = { batch: 'b', task: '0'.repeat(32), index, prompt: 'p', params: {}, seed: 1, attempt: 1, place: index }
  return { ...job, folder: attempt }
}

function pidsOf(index: number): Promise<string> {
  const attempt = join(folder, String(index))
  return new Promise((resolve) => {
    const watcher = watch(attempt, check)
    function check() {
      let text = ''
      try {
        text = readFileSync(join(attempt, 'pids'), 'utf8')
      } catch {
        return
      }
      if (!text.endsWith('\n')) return
      watcher.close()
      resolve(text.trim())
    }
    check()
  })
}
