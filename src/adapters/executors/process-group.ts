/** Process groups: ending every process of one, and knowing when none of it runs any more. */
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { systemCode } from './failure.ts'

/** How long a group may take to end after SIGTERM. */
const GRACE_MS = 2_000
/** How long to wait for a group after SIGKILL; only a process stuck in the kernel takes longer. */
const KILL_WAIT_MS = 5_000
const POLL_MS_MAX = 50

/** Asks every process of the group to end, and after 2 s ends those that are left. Resolves when none runs. */
export async function stopGroup(group: number): Promise<void> {
  if (signalGroup(group, 'SIGTERM') && !(await goneWithin(group, GRACE_MS))) await killGroup(group)
}

/** Ends every process of the group at once. Resolves when none runs. */
export async function killGroup(group: number): Promise<void> {
  if (signalGroup(group, 'SIGKILL')) await goneWithin(group, KILL_WAIT_MS)
}

/** Sends a signal to a group; false where nobody is left to hear it. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  // kill(-1) and kill(0) would reach far more than one group.
  if (!Number.isSafeInteger(group) || group < 2) throw new TypeError(`no process group: ${group}`)
  try {
    process.kill(-group, signal)
    return true
  } catch (error) {
    // EPERM: only processes of another user (or, on macOS, only ended ones) are left.
    const code = systemCode(error)
    if (code === 'ESRCH' || code === 'EPERM') return false
    throw error
  }
}

async function goneWithin(group: number, limitMs: number): Promise<boolean> {
  let waitedMs = 0
  let scanAtMs = 15
  for (let waitMs = 1; waitedMs < limitMs; waitMs = Math.min(POLL_MS_MAX, waitMs * 2)) {
    await pause(waitMs)
    waitedMs += waitMs
    if (!signalGroup(group, 0)) return true
    // Looking at every process is dear, so it is done ever more rarely.
    if (waitedMs < scanAtMs) continue
    if (await onlyZombies(group)) return true
    scanAtMs *= 2
  }
  return false
}

/**
 * True where every process left of the group has ended and only waits to be collected. In a container whose first
 * process does not collect orphans they stay for ever, and a signal to them still succeeds. Linux only.
 */
async function onlyZombies(group: number): Promise<boolean> {
  if (process.platform !== 'linux') return false
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    // A process may end between the listing and the reading.
    const line = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '')
    const [state, , groupOf] = line.slice(line.lastIndexOf(')') + 2).split(' ')
    if (Number(groupOf) === group && state !== 'Z' && state !== 'X') return false
  }
  return true
}
