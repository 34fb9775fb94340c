/** What every executor must do (node/ports.ts, invariant 3), whatever performs its attempts. */
import { readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ExecutionResult, Executor, Job } from '../../src/node/ports.ts'
import { calm, openWorkbench, type Workbench } from '../support/executor-jobs.ts'

export interface ExecutorUnderTest {
  readonly make: (bench: Workbench) => Executor
  /** A job that fails, where there is one. */
  readonly failing?: Partial<Job>
}

export function executorContract(name: string, subject: ExecutorUnderTest): void {
  describe(`an executor: ${name}`, () => {
    let bench: Workbench
    let executor: Executor
    beforeEach(async () => {
      bench = await openWorkbench()
      executor = subject.make(bench)
    })
    afterEach(async () => {
      await executor.close()
      await bench.close()
    })

    test('completes with text or files', async () => {
      const result = await executor.execute(await bench.makeJob(), calm())
      expect(result.outcome).toBe('completed')
      expect(textOf(result) !== undefined || filesOf(result).length > 0).toBe(true)
    })

    test('leaves files in the folder of the job and nowhere else', async () => {
      const job = await bench.makeJob()
      const before = await readdir(bench.folder)
      const result = await executor.execute(job, calm())
      expect(await readdir(bench.folder)).toEqual(before)
      const present = await readdir(job.folder)
      for (const file of filesOf(result)) {
        expect(dirname(file.path)).toBe(job.folder)
        expect(present).toContain(file.name)
        expect(file.mime).toMatch(/^[a-z]+\/[a-z0-9.+-]+$/)
      }
    })

    test('is stopped before it begins when the signal was given already', async () => {
      const job = await bench.makeJob()
      expect(await executor.execute(job, AbortSignal.abort())).toEqual({ outcome: 'stopped' })
      expect(await readdir(job.folder)).toEqual([])
    })

    test('settles when the signal is given on the way, and leaves the folder alone from then on', async () => {
      const abort = new AbortController()
      const job = await bench.makeJob()
      const running = executor.execute(job, abort.signal)
      abort.abort()
      expect((await running).outcome).toMatch(/^(stopped|completed)$/)
      const left = await readdir(job.folder)
      await executor.execute(await bench.makeJob(), calm())
      expect(await readdir(job.folder)).toEqual(left)
    })

    test('keeps jobs apart that run at the same time', async () => {
      const jobs = await Promise.all(Array.from({ length: 12 }, () => bench.makeJob()))
      const results = await Promise.all(jobs.map((job) => executor.execute(job, calm())))
      for (const [index, result] of results.entries()) {
        expect(result.outcome).toBe('completed')
        for (const file of filesOf(result)) expect(dirname(file.path)).toBe(jobs[index]?.folder)
      }
    })

    test('gives the same job the same result', async () => {
      const jobs = [
        await bench.makeJob({ prompt: 'twice', seed: 7, index: 1 }),
        await bench.makeJob({ prompt: 'twice', seed: 7, index: 1 }),
      ]
      const [first, second] = await Promise.all(jobs.map((job) => executor.execute(job, calm())))
      expect(second && textOf(second)).toBe(first && textOf(first))
      expect(second && filesOf(second).map(({ name }) => name)).toEqual(first && filesOf(first).map(({ name }) => name))
    })

    test('can be closed twice', async () => {
      await executor.close()
      await expect(executor.close()).resolves.toBeUndefined()
    })

    test.runIf(subject.failing)('answers a failing job with a class and a message instead of rejecting', async () => {
      const result = await executor.execute(await bench.makeJob(subject.failing), calm())
      expect(result).toMatchObject({
        outcome: 'failed',
        error: { class: expect.any(String), message: expect.stringMatching(/./) },
      })
    })
  })
}

function textOf(result: ExecutionResult): string | undefined {
  return result.outcome === 'completed' ? result.text : undefined
}

function filesOf(result: ExecutionResult) {
  return result.outcome === 'completed' ? result.files : []
}
