/** Ctrl-C and its kin: by default they end the process at once; a command that has something to put in order takes them. */
import { sayLast } from './render/terminal.ts'

/** What a process that Ctrl-C ended answers. */
export const INTERRUPTED = 130

// Not SIGHUP: to listen for it would undo nohup.
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** How many have taken the signals; libraries that tidy up at the end listen too, so listeners are not counted. */
let takers = 0

/** Calls back for each signal to stop, with how many came so far; the function returned gives them up again. */
export function onStopSignals(callback: (count: number) => void): () => void {
  let count = 0
  const listener = (): void => {
    count += 1
    callback(count)
  }
  takers += 1
  for (const signal of SIGNALS) process.on(signal, listener)
  return () => {
    takers -= 1
    for (const signal of SIGNALS) process.off(signal, listener)
  }
}

/** Ends the process at Ctrl-C with the code that scripts expect, unless the command has taken the signals itself. */
export function endAtInterrupt(): () => void {
  const listener = (): void => {
    if (takers === 0) leave('promptmesh: stopped by Ctrl-C')
  }
  process.on('SIGINT', listener)
  return () => process.off('SIGINT', listener)
}

/** Does what may be stopped at any moment; a signal ends the process with `lastWords`, which say what that left. */
export async function interruptible<T>(lastWords: string, work: () => Promise<T>): Promise<T> {
  const release = onStopSignals(() => leave(lastWords))
  try {
    return await work()
  } finally {
    release()
  }
}

/** Ends the process at once, as Ctrl-C asked. */
export function leave(lastWords: string): never {
  sayLast(lastWords)
  process.exit(INTERRUPTED)
}
