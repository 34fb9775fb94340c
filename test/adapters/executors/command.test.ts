/** Tests of the executor command: what it is given, what it answers, why it cannot start. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Resvg } from '@resvg/resvg-js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createExecutor } from '../../../src/adapters/executors/registry.ts'
import type { ExecutionResult, Job } from '../../../src/node/ports.ts'
import { calm, openWorkbench, type Workbench } from '../../support/executor-jobs.ts'

let bench: Workbench
beforeEach(async () => {
  bench = await openWorkbench({ ...process.env, PROMPTMESH_KEY: 'secret', GPU: 'cuda' })
})
afterEach(() => bench.close())

interface Given {
  readonly job?: Partial<Job>
  readonly profile?: object
}

async function run(command: readonly string[], { job, profile }: Given = {}): Promise<ExecutionResult> {
  const executor = createExecutor('mine', { executor: 'command', command, ...profile }, bench.context)
  return executor.execute(await bench.makeJob(job), calm())
}

function sh(script: string, given: Given = {}): Promise<ExecutionResult> {
  return run(['/bin/sh', '-c', script], given)
}

function text(result: ExecutionResult): string {
  if (result.outcome !== 'completed' || result.text === undefined) throw new Error(JSON.stringify(result))
  return result.text
}

function failure(result: ExecutionResult): string {
  if (result.outcome !== 'failed') throw new Error(JSON.stringify(result))
  return `${result.error.class}: ${result.error.message}`
}

async function contents(result: ExecutionResult): Promise<Record<string, string>> {
  if (result.outcome !== 'completed') throw new Error(JSON.stringify(result))
  const entries = await Promise.all(
    result.files.map(async ({ name, path }) => [name, await readFile(path, 'utf8')] as const),
  )
  return Object.fromEntries(entries)
}

const NASTY = [
  `it's "quoted" \`touch x\``,
  '$(touch x) ; touch x && touch x | tee x',
  'first line\nsecond line\r\nthird\n',
  'a fox 🦊 in the snow, 雪の中の狐',
  '-n --help *',
  '%s %n \\0 \\x41',
  'x'.repeat(65_536),
]

describe('what a command is given', () => {
  test.each(NASTY)('the prompt arrives byte for byte on standard input and in the environment: %j', async (prompt) => {
    const script = 'cat > "$PROMPTMESH_OUT/stdin"; printf %s "$PROMPTMESH_PROMPT" > "$PROMPTMESH_OUT/variable"'
    expect(await contents(await sh(script, { job: { prompt } }))).toEqual({ stdin: prompt, variable: prompt })
    expect((await readdir(bench.folder)).filter((name) => name === 'x')).toEqual([])
  })

  test('a prompt of more than 64 KiB is on standard input only', async () => {
    const prompt = `${'x'.repeat(65_535)}é`
    const script = `wc -c; echo "\${PROMPTMESH_PROMPT-unset}"`
    expect(text(await sh(script, { job: { prompt } })).split(/\s+/)).toEqual(['65537', 'unset'])
  })

  test('arguments are handed over as they are written, never through a shell', async () => {
    expect(text(await run(['echo', '$(touch x)', '*', 'a  b']))).toBe('$(touch x) * a  b')
    expect(await readdir(bench.folder)).toEqual(['attempt-0'])
  })

  test('variables say what the job is', async () => {
    const script = 'env | grep ^PROMPTMESH_ | grep -v ^PROMPTMESH_OUT | sort'
    const job = {
      prompt: 'p',
      params: { steps: 20, size: 'a "b"' },
      seed: 77,
      index: 5,
      attempt: 2,
      place: 3,
      batch: 'night',
    }
    expect(text(await sh(script, { job })).split('\n')).toEqual([
      'PROMPTMESH_ATTEMPT=2',
      'PROMPTMESH_BATCH=night',
      expect.stringMatching(/^PROMPTMESH_GUARD=[0-9a-f]{32}$/),
      'PROMPTMESH_INDEX=5',
      'PROMPTMESH_PARAMS={"steps":20,"size":"a \\"b\\""}',
      'PROMPTMESH_PLACE=3',
      'PROMPTMESH_PROMPT=p',
      'PROMPTMESH_SEED=77',
    ])
  })

  test('its folder is absolute and empty', async () => {
    const job = await bench.makeJob()
    expect(text(await sh('echo "$PROMPTMESH_OUT"; ls -A "$PROMPTMESH_OUT"', { job }))).toBe(job.folder)
  })

  test('the profile sets variables with the place and the node’s own variables in them', async () => {
    const env = { CUDA_VISIBLE_DEVICES: `\${place}`, DEVICE: `\${env:GPU}:\${place}`, PLAIN: '$HOME ${' }
    const result = await sh('echo "$CUDA_VISIBLE_DEVICES|$DEVICE|$PLAIN"', { profile: { env }, job: { place: 2 } })
    expect(text(result)).toBe('2|cuda:2|$HOME ${')
  })

  test('the node’s key stays with the node', async () => {
    expect(text(await sh(`echo "\${PROMPTMESH_KEY-none}"`))).toBe('none')
  })

  test('it runs in the folder of the config, or in the one that the profile names', async () => {
    await mkdir(join(bench.folder, 'inner'))
    await writeFile(join(bench.folder, 'inner', 'draw.sh'), '#!/bin/sh\npwd', { mode: 0o755 })
    expect(text(await run(['./inner/draw.sh']))).toBe(bench.folder)
    expect(text(await run(['./draw.sh'], { profile: { cwd: 'inner' } }))).toBe(join(bench.folder, 'inner'))
  })

  test('a prompt with a NUL character is bad input', async () => {
    expect(failure(await run(['cat'], { job: { prompt: 'a\0b' } }))).toMatch(/^bad-input: .*NUL/)
  })

  test('parameters too long for a variable are bad input', async () => {
    const params = { text: '\u0001'.repeat(20_000) }
    expect(failure(await run(['cat'], { job: { params } }))).toMatch(
      /^bad-input: the parameters are 1\d+ bytes as JSON/,
    )
  })
})

describe('what a command answers', () => {
  test('files are the result, sorted by name, and then what it printed is not', async () => {
    const script = `cd "$PROMPTMESH_OUT"; echo log
      printf '\\211PNG\\r\\n\\032\\n' > b; printf '\\377\\330\\377' > a.png; echo '{}' > c.json; echo hi > d.txt; echo '<svg/>' > e.svg; : > f.bin
      echo x > .hidden; mkdir sub; echo x > sub/file; ln -s d.txt link`
    const result = await sh(script)
    expect(result.outcome === 'completed' && result.text).toBe(undefined)
    expect(result.outcome === 'completed' && result.files.map(({ name, mime }) => `${name} ${mime}`)).toEqual([
      'a.png image/jpeg',
      'b image/png',
      'c.json application/json',
      'd.txt text/plain',
      'e.svg image/svg+xml',
      'f.bin application/octet-stream',
    ])
  })

  test('without files what it printed is the result, without the newline at its end', async () => {
    expect(text(await run(['printf', 'two\\nlines\\n\\n']))).toBe('two\nlines\n')
    expect(text(await run(['printf', 'caf\\303\\251']))).toBe('café')
  })

  test('long text becomes a file', async () => {
    const short = text(await sh('head -c 65536 /dev/zero | tr "\\0" x'))
    expect(short.length).toBe(65_536)
    const files = await contents(await sh('head -c 200000 /dev/zero | tr "\\0" y'))
    expect(files).toEqual({ 'output.txt': 'y'.repeat(200_000) })
  })

  test('long logs beside files leave no trace', async () => {
    const job = await bench.makeJob()
    const result = await sh('echo x > "$PROMPTMESH_OUT/a.txt"; head -c 200000 /dev/zero | tr "\\0" y', { job })
    expect(Object.keys(await contents(result))).toEqual(['a.txt'])
    expect(await readdir(job.folder)).toEqual(['a.txt'])
  })

  test('a program that does not read its input is fine', async () => {
    const job = { prompt: 'x'.repeat(65_536) }
    for (let round = 0; round < 20; round++) expect(text(await run(['echo', 'done'], { job }))).toBe('done')
  })

  test('nothing at all is bad output', async () => {
    expect(failure(await run(['true']))).toMatch(/^bad-output: left no file and printed nothing/)
    expect(failure(await run(['echo']))).toMatch(/^bad-output: left no file and printed nothing/)
  })

  test('bytes on standard output are bad output', async () => {
    expect(failure(await run(['printf', '\\211PNG']))).toMatch(/^bad-output: printed bytes that are no UTF-8 text/)
    expect(failure(await run(['printf', 'cut \\303']))).toMatch(/^bad-output: printed bytes/)
  })

  test('too many files are bad output', async () => {
    const script = 'for n in $(seq 65); do : > "$PROMPTMESH_OUT/$n"; done'
    expect(failure(await sh(script))).toBe('bad-output: left 65 files; at most 64 are taken')
  })

  test('an exit code is a failure with the last lines of standard error', async () => {
    expect(failure(await sh('echo "no such model" >&2; exit 3'))).toBe('failed: exit code 3: no such model')
    expect(failure(await sh('echo "told on stdout"; exit 1'))).toBe('failed: exit code 1: told on stdout')
    expect(failure(await sh('echo x > "$PROMPTMESH_OUT/half.png"; exit 127'))).toBe('failed: exit code 127')
  })

  test('the tail of standard error is short and plain', async () => {
    const script = `for n in $(seq 9000); do echo "line $n" >&2; done
      printf '\\033[31mred\\033[0m\\007 10%%\\r 50%%\\r100%%\\tdone\\n' >&2; exit 1`
    const message = failure(await sh(script))
    expect(message).toMatch(/^failed: exit code 1: line \d+\nline/)
    expect(message).toMatch(/\nline 9000\n100% done$/)
    expect(message.length).toBeLessThan(2_050)
  })

  test.each([
    [65, 'bad-input'],
    [69, 'backend-down'],
    [75, 'backend-down'],
  ])('exit code %i means %s', async (code, errorClass) => {
    expect(failure(await sh(`echo why >&2; exit ${code}`))).toBe(`${errorClass}: exit code ${code}: why`)
  })

  test('a signal is a failure that names it', async () => {
    expect(failure(await sh('echo boom >&2; kill -SEGV $$'))).toBe('failed: ended by SIGSEGV: boom')
    expect(failure(await sh('kill -KILL $$'))).toMatch(/^failed: ended by SIGKILL \(.*memory/)
  })
})

describe('the example in examples/command', () => {
  test('draws a card for any prompt', async () => {
    const example = fileURLToPath(new URL('../../../examples/command/', import.meta.url))
    const { profiles } = JSON.parse(await readFile(join(example, 'promptmesh.json'), 'utf8'))
    const executor = createExecutor('card', profiles.card, { ...bench.context, configFolder: example })
    for (const prompt of ['a <b> & "c" $(touch x)\nsecond line', 'снег ❄', '']) {
      const card = (await contents(await executor.execute(await bench.makeJob({ prompt }), calm())))['card.svg'] ?? ''
      expect(new Resvg(card).width).toBe(512)
      if (prompt.startsWith('a')) expect(card).toContain('a &lt;b&gt; &amp; "c" $(touch x)</text>')
    }
  })
})

describe('a command that cannot be started', () => {
  test('is not here, and the message says why', async () => {
    await writeFile(join(bench.folder, 'plain.sh'), '#!/bin/sh\n')
    await writeFile(join(bench.folder, 'lost.sh'), '#!/no/such/interpreter\n', { mode: 0o755 })
    expect(failure(await run(['./missing.sh']))).toMatch(/^not-here: cannot start \.\/missing\.sh: no such program/)
    expect(failure(await run(['./lost.sh']))).toMatch(/^not-here: cannot start \.\/lost\.sh: .*interpreter/)
    expect(failure(await run(['./plain.sh']))).toMatch(/^not-here: cannot start \.\/plain\.sh: permission denied/)
    expect(failure(await run(['no-such-program-anywhere']))).toMatch(/^not-here: /)
  })

  test('says so where its folder is missing', async () => {
    const result = await run(['true'], { profile: { cwd: 'gone' } })
    expect(failure(result)).toBe(`not-here: cannot start true: its folder ${join(bench.folder, 'gone')} is not there`)
  })

  test('says so where its arguments are too long for the system', async () => {
    expect(failure(await run(['true', 'x'.repeat(200_000)]))).toMatch(/^not-here: cannot start true: .*too long/)
  })
})
