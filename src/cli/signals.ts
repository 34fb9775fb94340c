/** Ctrl-C and its kin: by default they end the process at once; a command that has something to put in order takes them. */

/** What a process that Ctrl-C ended answers. */
export const INTERRUPTED = 130

// Not SIGHUP: to listen for it would undo nohup.
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Calls back for each signal to stop, with how many came so far; the function returned gives them up again. */
export function onStopSignals(callback: (count: number) => void): () => void {
  let count = 0
  const listener = (): void => {
    count += 1
    callback(count)
  }
  for (const signal of SIGNALS) process.on(signal, listener)
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener)
  }
}

/** Ends the process at Ctrl-C with the code that scripts expect, unless the command has taken the signals itself. */
export function endAtInterrupt(): () => void {
  const listener = (): void => {
    if (process.listenerCount('SIGINT') === 1) process.exit(INTERRUPTED)
  }
  process.on('SIGINT', listener)
  return () => process.off('SIGINT', listener)
}
