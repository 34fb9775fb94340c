/** A process of its own for tests: `pull OUT STORE COUNT` pulls pictures until it is killed; `walk OUT FILE COUNT BYTES` many long prompts. */
import { createReadStream } from 'node:fs'
import path from 'node:path'
import { pullBatch } from '../../src/control/pull.ts'
import type { TaskView } from '../../src/node/api.ts'
import { artifactOf, taskOf } from './output-support.ts'

const [mode = '', out = '', store = '', count = '0', promptBytes = '0'] = process.argv.slice(2)

/** Makes tasks as they are asked for, so that this process holds none. */
async function tasksOf(cursor: string | undefined, limit: number, make: (index: number) => TaskView) {
  const from = Number(cursor ?? 0)
  const to = Math.min(from + limit, Number(count))
  const tasks = Array.from({ length: to - from }, (_, at) => make(from + at))
  return { tasks, cursor: to < Number(count) ? String(to) : null }
}

if (mode === 'pull') {
  const [folder = '', copy] = store.split(':')
  await pullBatch(
    {
      tasks: (_, { cursor, limit = 1 }) => tasksOf(cursor, limit, (index) => taskOf(index)),
      artifact: async (sha256) => {
        // A dot for each artifact asked for, so that the parent knows when to kill.
        process.stdout.write('.')
        const file = path.join(folder, sha256)
        return copy === undefined ? file : createReadStream(file)
      },
    },
    'demo',
    out,
  )
} else {
  let most = 0
  const artifact = artifactOf('the same picture')
  const make = (index: number): TaskView =>
    taskOf(index, { prompt: `${index} `.padEnd(Number(promptBytes), 'x'), artifacts: [artifact] })
  const { written } = await pullBatch(
    {
      tasks: (_, { cursor, limit = 1 }) => tasksOf(cursor, limit, make),
      artifact: async () => store,
    },
    'demo',
    out,
    {
      onProgress: () => {
        most = Math.max(most, process.memoryUsage.rss())
      },
    },
  )
  process.stdout.write(JSON.stringify({ written, most }))
}
