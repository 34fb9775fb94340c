/** The clock of the machine: monotonic milliseconds and timers. */
import type { Clock } from './ports.ts'

/** Node's timers take at most 2^31 - 1 ms; a longer wait wakes early, which a caller must bear anyway. */
const TIMER_MS_MAX = 2_147_483_647

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  at(timeMs, callback) {
    const timer = setTimeout(callback, Math.min(TIMER_MS_MAX, Math.max(0, Math.ceil(timeMs - performance.now()))))
    return () => clearTimeout(timer)
  },
}
