/**
 * `npm run bench`: seeding and completing tasks with an executor that does nothing, on LevelDB with synced batches.
 *
 *   npm run bench                100,000 tasks, median of 5, then 1,000,000 tasks once with memory kept small,
 *                                as `up` and `run` keep it
 *   npm run bench -- --quick     20,000 tasks, median of 3
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { writePrompts } from './prompts.ts'

export type Phase = 'seed' | 'complete' | 'seed-and-kill' | 'status' | 'start'

/** What a phase reports: figures by name. */
export type Figures = { readonly [name: string]: number }

/** Each phase is a process of its own, so that its memory is its own. */
async function phase(name: Phase, folder: string, memory: 'plain' | 'small' = 'small'): Promise<Figures> {
  const child = fork(new URL('./phase.ts', import.meta.url), [name, folder, memory])
  const [figures] = (await once(child, 'message')) as [Figures]
  if (name === 'seed-and-kill') child.kill('SIGKILL')
  else child.send('end')
  await once(child, 'exit')
  return figures
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'promptmesh-bench-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function show(name: string, value: string): void {
  console.log(`${name.padEnd(44)} ${value}`)
}

const rate = (value: number) => `${Math.round(value).toLocaleString('en')} /s`
const megabytes = (value: number) => `${Math.round(value / 1e6)} MB`
const milliseconds = (value: number) => `${value.toFixed(1)} ms`

async function rates(tasks: number, runs: number): Promise<void> {
  const seeding: number[] = []
  const completing: number[] = []
  for (let run = 0; run < runs; run++) {
    await inFolder(async (folder) => {
      await writePrompts(join(folder, 'prompts.txt'), tasks)
      seeding.push((await phase('seed', folder, 'plain'))['perSecond'] ?? 0)
      completing.push((await phase('complete', folder, 'plain'))['perSecond'] ?? 0)
    })
  }
  const all = (values: readonly number[]) => values.map((value) => Math.round(value).toLocaleString('en')).join(', ')
  show(
    `seeding ${tasks.toLocaleString('en')} prompts, median of ${runs}`,
    `${rate(median(seeding))}   (${all(seeding)})`,
  )
  show(
    `completing ${tasks.toLocaleString('en')} tasks, median of ${runs}`,
    `${rate(median(completing))}   (${all(completing)})`,
  )
}

async function million(): Promise<void> {
  await inFolder(async (folder) => {
    await writePrompts(join(folder, 'prompts.txt'), 1_000_000)
    const seeded = await phase('seed', folder)
    show(
      '1,000,000: seeding',
      `${((seeded['ms'] ?? 0) / 1e3).toFixed(1)} s, ${rate(seeded['perSecond'] ?? 0)}, RSS ${megabytes(seeded['rssMax'] ?? 0)} at most`,
    )
    const clean = await phase('start', folder)
    show('1,000,000: start after a clean stop', milliseconds(clean['ms'] ?? 0))
    const status = await phase('status', folder)
    show('1,000,000: status over HTTP, median of 21', milliseconds(status['ms'] ?? 0))
    const completed = await phase('complete', folder)
    show(
      '1,000,000: completing',
      `${((completed['ms'] ?? 0) / 1e3).toFixed(1)} s, ${rate(completed['perSecond'] ?? 0)}, RSS ${megabytes(completed['rssMax'] ?? 0)} at most`,
    )
    const after = await phase('start', folder)
    show('1,000,000 completed: start after a clean stop', milliseconds(after['ms'] ?? 0))
  })
  await inFolder(async (folder) => {
    await writePrompts(join(folder, 'prompts.txt'), 1_000_000)
    await phase('seed-and-kill', folder)
    const unclean = await phase('start', folder)
    show(
      '1,000,000: start after kill -9',
      `${milliseconds(unclean['ms'] ?? 0)}, ${(unclean['total'] ?? 0).toLocaleString('en')} tasks`,
    )
  })
}

console.log(`Node ${process.version}, ${availableParallelism()} cores, no-op executor, LevelDB with synced batches`)
if (process.argv.includes('--quick')) await rates(20_000, 3)
else {
  await rates(100_000, 5)
  await million()
}
