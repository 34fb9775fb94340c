/** An executor that completes at once: for benches and for tests of everything around executors. */
import type { Executor } from '../../src/node/ports.ts'

export function createNoopExecutor(): Executor {
  return {
    usesFolder: false,
    execute: async (_job, signal) =>
      signal.aborted ? { outcome: 'stopped' } : { outcome: 'completed', text: 'done', files: [] },
    close: async () => {},
  }
}
