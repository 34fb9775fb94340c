/** Waiting that an abort cuts short. */
import { setTimeout } from 'node:timers/promises'

/** Resolves after the time, or at once where the signal is aborted: whoever rests looks at the signal next. */
export async function rest(timeMs: number, signal: AbortSignal): Promise<void> {
  await setTimeout(timeMs, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}
