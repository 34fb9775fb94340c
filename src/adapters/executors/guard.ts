/**
 * The guard: one small shell beside the node that ends the node's process groups when the node is gone.
 *
 * 1. It lives in a session of its own, so neither kill -9 of the node nor Ctrl-C in its terminal reaches it.
 * 2. It learns of the node's end by the end of its input, which the kernel closes whatever killed the node.
 * 3. Only numbers and a random mark reach it: `+ GROUP` when a group has begun, `- GROUP` when it is gone, `!` when the
 *    node ends in order.
 * 4. A node may be killed between the start of a child and its `+`. So children carry the mark in their environment,
 *    and where /proc tells the environments, whatever still carries it is ended too.
 * 5. Without a shell everything works, but children of a killed node may linger; the log says so once.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Log } from '../../node/ports.ts'

export interface Guard {
  /** Variables that every child must be given. */
  readonly environment: { readonly [name: string]: string }
  /** Call it before a child is started. */
  prepare(): void
  /** Call it before a group's leader is given its work. */
  add(group: number): void
  /** Call it when none of the group runs any more. */
  remove(group: number): void
  /** Ends the guard, which ends what is still registered. Idempotent. */
  close(): Promise<void>
}

const SCRIPT = `
trap '' HUP INT TERM
ended=
groups=' '
while read -r action group; do
  case $action in !) ended=yes; break ;; esac
  case $group in ''|0*|1|*[!0-9]*) continue ;; esac
  case $action in
    +) groups="$groups$group " ;;
    -) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
[ -z "$ended" ] || exit 0
for round in 1 2; do
  for file in $(grep -las "$1" /proc/[0-9]*/environ 2>/dev/null); do
    pid=\${file#/proc/}
    kill -s KILL "\${pid%/environ}" 2>/dev/null
  done
  sleep 1
done
`

const MARK_NAME = 'PROMPTMESH_GUARD'

/** Makes a guard; its shell starts with the first group. */
export function createGuard(log: Log, shell = '/bin/sh'): Guard {
  const groups = new Set<number>()
  const mark = randomBytes(16).toString('hex')
  let child: ChildProcess | undefined
  let broken = false

  const start = () => {
    const started = spawn(shell, ['-c', SCRIPT, 'promptmesh-guard', `${MARK_NAME}=${mark}`], {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    const lost = (problem: string) => {
      if (child === started) child = undefined
      log.warn({ problem }, 'the guard process is not there: should this node be killed, commands may go on running')
    }
    started.on('error', (error) => {
      broken = true
      lost(error.message)
    })
    started.on('exit', (code, signal) => {
      if (child === started) lost(`ended by ${signal ?? `exit code ${code}`}`)
    })
    // Its end is told by 'exit'; a write into a pipe that has just closed adds nothing to that.
    started.stdin?.on('error', (error) => log.warn({ problem: error.message }, 'the guard process does not listen'))
    started.unref()
    return started
  }
  const tell = (line: string) => child?.stdin?.write(line)

  const prepare = () => {
    if (child !== undefined || broken) return
    child = start()
    tell([...groups].map((each) => `+ ${each}\n`).join(''))
  }

  return {
    environment: { [MARK_NAME]: mark },
    prepare,
    add(group) {
      groups.add(group)
      if (child === undefined) prepare()
      else tell(`+ ${group}\n`)
    },
    remove(group) {
      if (groups.delete(group)) tell(`- ${group}\n`)
    },
    async close() {
      const closing = child
      child = undefined
      groups.clear()
      if (closing?.pid === undefined || closing.exitCode !== null || closing.signalCode !== null) return
      closing.ref()
      const ended = once(closing, 'exit')
      closing.stdin?.end('!\n')
      await ended
    },
  }
}
