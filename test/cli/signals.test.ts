/** Tests of Ctrl-C, in processes of their own: whatever goes on, the last line is a whole one. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'

const SRC = pathToFileURL(resolve(import.meta.dirname, '../../src/cli')).href

/** Runs a module that says `ready` on stdout, then gets the signals, one for each `ready`. */
async function interrupt(code: string): Promise<{ code: number | null; stderr: string }> {
  const imports = ['signals.ts', 'render/terminal.ts'].map(
    (file) => `import * as ${file.match(/(\w+)\.ts$/)?.[1]} from '${SRC}/${file}'`,
  )
  const args = [
    '--experimental-strip-types',
    '--no-warnings',
    '--input-type=module',
    '-e',
    [...imports, code].join('\n'),
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdout.on('data', () => child.kill('SIGINT'))
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { code: exitCode, stderr }
}

const READY = `setInterval(() => {}, 1_000); process.stdout.write('ready')`

describe('Ctrl-C', () => {
  test('ends a command that has nothing to put in order with a line that says so', async () => {
    expect(await interrupt(`signals.endAtInterrupt(); ${READY}`)).toEqual({
      code: 130,
      stderr: 'promptmesh: stopped by Ctrl-C\n',
    })
  })

  test('does so too where a library listens to the signal, as the one that shows the cursor again does', async () => {
    expect(await interrupt(`process.on('SIGINT', () => {}); signals.endAtInterrupt(); ${READY}`)).toEqual({
      code: 130,
      stderr: 'promptmesh: stopped by Ctrl-C\n',
    })
  })

  test('ends what may be stopped at any moment with its own last words', async () => {
    const work = `signals.endAtInterrupt(); signals.interruptible('what is there stays', () => new Promise(() => {})); ${READY}`
    expect(await interrupt(work)).toEqual({ code: 130, stderr: 'what is there stays\n' })
  })

  test('is left to the command that has taken it', async () => {
    const taken = `
      signals.endAtInterrupt()
      const release = signals.onStopSignals((count) => {
        process.stderr.write(\`heard \${count}\\n\`)
        if (count === 2) release()
        process.stdout.write('ready')
      })
      ${READY}`
    expect(await interrupt(taken)).toEqual({ code: 130, stderr: 'heard 1\nheard 2\npromptmesh: stopped by Ctrl-C\n' })
  })

  test('ends a bar that is being redrawn above its last words', async () => {
    const drawn = `
      terminal.setRedrawn({
        above: (write) => { process.stderr.write('[bar cleared]'); write(); process.stderr.write('[bar drawn]') },
        end: () => { terminal.setRedrawn(undefined); process.stderr.write('[bar ends]\\n') },
      })
      signals.interruptible('stopped', () => new Promise(() => {})); ${READY}`
    expect(await interrupt(drawn)).toEqual({ code: 130, stderr: '[bar ends]\nstopped\n' })
  })
})
