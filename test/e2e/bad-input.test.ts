/** Input that breaks other tools: a clear error or a correct task, never a crash, and nothing reaches a shell. */
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Workplace } from '../cli/cli-support.ts'
import { mountSmallDisk } from '../support/small-disk.ts'

let place: Workplace
beforeEach(async () => {
  place = await Workplace.make()
})
afterEach(() => place.remove())

const ECHO = { profiles: { echo: { executor: 'command', command: ['cat'], places: 2 } } }

test('prompts with quotes, substitutions, newlines and emoji come out byte for byte, and no shell sees them', async () => {
  const prompts = [
    '"quoted" and \'single\'',
    '$(touch pwned) `touch pwned`; touch pwned',
    'two\nlines',
    '🦊 im Schnee, ñ',
    '-rf ../..',
    '%s %d\\n',
  ]
  const csv = ['prompt', ...prompts.map((prompt) => `"${prompt.replaceAll('"', '""')}"`)].join('\r\n')
  await place.write('promptmesh.json', JSON.stringify(ECHO))
  await writeFile(place.path('nasty.csv'), `\uFEFF${csv}\r\n`)
  expect(await place.run(['run', 'nasty.csv', '--out', 'out'])).toMatchObject({ code: 0 })
  for (const [index, prompt] of prompts.entries()) {
    expect(await readFile(place.path('out', '00000', `${String(index).padStart(9, '0')}.txt`), 'utf8')).toBe(prompt)
  }
  expect(await readdir(place.dir)).not.toContain('pwned')
})

test('bad lines are named and stop nothing', async () => {
  const lines = [
    Buffer.from('fine\n'),
    Buffer.from('NUL \0 inside\n'),
    Buffer.from([0xff, 0xfe, 0x0a]),
    Buffer.from('\n'),
    Buffer.alloc(70_000, 'x'),
    Buffer.from('\nalso fine\r\n'),
  ]
  await place.write('promptmesh.json', JSON.stringify(ECHO))
  await writeFile(place.path('mixed.txt'), Buffer.concat(lines))
  const ended = await place.run(['run', 'mixed.txt', '--out', 'out'])
  expect(ended.code).toBe(0)
  expect(ended.stderr).toContain('2 read: 2 new, 0 already there, 1 blank, 3 bad')
  for (const line of [2, 3, 5]) expect(ended.stderr).toMatch(new RegExp(`line ${line}\\b`))
  expect(await readFile(place.path('out', '00000', '000000001.txt'), 'utf8')).toBe('also fine')
})

describe('a file that cannot be used', () => {
  test.each([
    ['empty.txt', '', /is empty/],
    ['blank.txt', '\n\n \n', /has no prompts/],
    ['columns.csv', 'promt,size\na cat,5\n', /prompt.*promt/s],
    ['picture.png', '\x89PNG\r\n\x1a\n\0\0\0', /MESH_INPUT/],
  ])('%s ends with one line that says why', async (name, content, problem) => {
    await writeFile(place.path(name), content, 'latin1')
    const { code, stderr } = await place.run(['run', name, '--out', 'out'])
    expect(code).toBe(1)
    expect(stderr).toMatch(problem)
    expect(stderr).toContain('MESH_INPUT')
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  test('a folder and a missing file are told apart', async () => {
    await mkdir(place.path('folder'))
    await place.write('prompts.txt', 'a cat\n')
    const folder = await place.run(['run', 'folder', '--out', 'out'])
    const missing = await place.run(['run', 'promts.txt', '--out', 'out'])
    expect([folder.code, missing.code]).toEqual([1, 1])
    expect(folder.stderr).toMatch(/is a folder/)
    expect(missing.stderr).toMatch(/prompts\.txt/)
  })
})

test.each([1, 2])(
  'a disk that fills up, and %i Ctrl-C, stop the run without losing anything; with space it goes on to the end',
  {
    timeout: 120_000,
  },
  async (interrupts) => {
    const disk = mountSmallDisk(24)
    try {
      if (!disk.mounted) return
      await place.write(
        'prompts.txt',
        Array.from({ length: 40 }, (_, at) => `a harbour at dusk, number ${at}`).join('\n'),
      )
      await writeFile(join(disk.folder, 'filler'), Buffer.alloc(23 * 1024 * 1024))
      const out = join(disk.folder, 'images')
      const full = place.start(['run', 'prompts.txt', '--out', out])
      const told = await Promise.race([full.said(/full/i), full.ended.then(({ stderr }) => stderr)])
      expect(told).toMatch(/full/i)
      for (let interrupt = 0; interrupt < interrupts; interrupt++) full.child.kill('SIGINT')
      const { code, stderr } = await full.ended
      expect(code).not.toBe(0)
      expect(stderr).not.toMatch(/^\s+at /m)
      await writeFile(join(disk.folder, 'filler'), '')
      expect(await place.run(['run', 'prompts.txt', '--out', out])).toMatchObject({ code: 0 })
      expect((await readdir(`${out}/00000`)).filter((name) => name.endsWith('.png'))).toHaveLength(40)
    } finally {
      disk.remove()
    }
  },
)

test('an output folder that cannot be written any more ends the run with one error', { timeout: 60_000 }, async () => {
  const slow = { executor: 'command', command: ['sh', '-c', 'sleep 0.1; cat'], places: 1 }
  await place.write('promptmesh.json', JSON.stringify({ profiles: { slow } }))
  await place.write('prompts.txt', Array.from({ length: 300 }, (_, at) => `number ${at}`).join('\n'))
  const running = place.start(['run', 'prompts.txt', '--out', 'out'])
  while (!existsSync(place.path('out', '00000', 'metadata.jsonl'))) await new Promise((next) => setTimeout(next, 20))
  await rename(place.path('out', '00000'), place.path('moved'))
  await place.write('out/00000', 'in the way')
  const { code, stderr } = await running.ended
  expect(code).toBe(1)
  expect(stderr).toMatch(/\[MESH_OUTPUT\]\n$/)
})

test('programs that a node started are gone when it is killed', async () => {
  const profile = {
    executor: 'command',
    command: ['sh', '-c', 'echo $$ >> "$PIDS"; sleep 1000 & echo $! >> "$PIDS"; wait'],
    places: 2,
    env: { PIDS: place.path('pids') },
  }
  await place.write('promptmesh.json', JSON.stringify({ profiles: { draw: profile } }))
  await place.write('prompts.txt', 'a cat\na dog\n')
  const running = place.start(['run', 'prompts.txt', '--out', 'out'])
  const pids = async () =>
    existsSync(place.path('pids')) ? (await readFile(place.path('pids'), 'utf8')).trim().split('\n').map(Number) : []
  while ((await pids()).length < 4) await new Promise((next) => setImmediate(next))
  running.child.kill('SIGKILL')
  await running.ended
  const lives = (pid: number) => existsSync(`/proc/${pid}`) && !/\) [ZX]/.test(statOf(pid))
  const endMs = performance.now() + 5_000
  while ((await pids()).some(lives) && performance.now() < endMs) await new Promise((next) => setImmediate(next))
  expect((await pids()).filter(lives)).toEqual([])
})

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return ') X'
  }
}
