/** Runs the built command line as its users do, in a home of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const BIN = resolve(import.meta.dirname, '../../bin/promptmesh.js')

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves when a line of stderr matches; rejects when the process ends without one. */
  said(pattern: RegExp): Promise<string>
}

/** A folder that is current directory and home of the commands run in it; removed with what still runs there. */
export class Workplace {
  readonly dir: string
  readonly #running = new Set<Running>()

  private constructor(dir: string) {
    this.dir = dir
  }

  static async make(): Promise<Workplace> {
    return new Workplace(await mkdtemp(join(tmpdir(), 'promptmesh-cli-')))
  }

  path(...names: string[]): string {
    return join(this.dir, ...names)
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(this.path(name), text)
  }

  /** Starts a command. */
  start(
    args: readonly string[],
    { env = {}, input = '' }: { env?: NodeJS.ProcessEnv; input?: string | null } = {},
  ): Running {
    const { PATH } = process.env
    const child = spawn(process.execPath, [BIN, ...args], { cwd: this.dir, env: { PATH, HOME: this.dir, ...env } })
    if (input !== null) child.stdin.end(input)
    return this.#keep(watch(child))
  }

  /** Runs a command to its end. */
  run(args: readonly string[], options: { env?: NodeJS.ProcessEnv; input?: string } = {}): Promise<Ended> {
    return this.start(args, options).ended
  }

  /** Runs a line of shell, in which `"$NODE" "$BIN"` is the command line. */
  shell(line: string): Promise<Ended> {
    const { PATH } = process.env
    const env = { PATH, HOME: this.dir, NODE: process.execPath, BIN }
    return this.#keep(watch(spawn('sh', ['-c', line], { cwd: this.dir, env }))).ended
  }

  /** Starts a node and waits until it serves; a later `--data` counts. */
  async up(...args: readonly string[]): Promise<Running> {
    const node = this.start(['up', '--data', 'data', ...args])
    await node.said(/^ready$/)
    return node
  }

  #keep(running: Running): Running {
    this.#running.add(running)
    void running.ended.then(() => this.#running.delete(running))
    return running
  }

  async remove(): Promise<void> {
    for (const { child, ended } of this.#running) {
      child.kill('SIGKILL')
      await ended
    }
    await rm(this.dir, { recursive: true, force: true })
  }
}

function watch(child: ChildProcess): Running {
  const texts = { stdout: '', stderr: '' }
  const checks = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
      for (const check of checks) check()
    })
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...texts }))
  })
  const said = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const line = texts.stderr.split('\n').find((text) => pattern.test(text))
        if (line !== undefined) resolve(line)
      }
      checks.add(check)
      check()
      void ended.then(({ code, stderr }) =>
        reject(new Error(`ended with ${code} before it said ${pattern}: ${stderr}`)),
      )
    })
  return { child, ended, said }
}

/** A config whose profiles echo the prompt, fail, and hang. */
export const CONFIG = JSON.stringify({
  profiles: {
    echo: { executor: 'command', command: ['cat'], places: 2 },
    broken: { executor: 'command', command: ['sh', '-c', 'echo "no such model" >&2; exit 7'], places: 2 },
    stuck: { executor: 'command', command: ['sleep', '600'], places: 1 },
  },
})

/** A file of so many prompts. */
export function prompts(count: number): string {
  return Array.from({ length: count }, (_, at) => `prompt ${at}\n`).join('')
}
