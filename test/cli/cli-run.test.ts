/** `run`, as a process: pictures out of prompts, whatever happens on the way. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CONFIG, prompts, Workplace } from './cli-support.ts'

let place: Workplace
beforeEach(async () => {
  place = await Workplace.make()
  await place.write('prompts.txt', prompts(4))
})
afterEach(() => place.remove())

const RUN = ['run', 'prompts.txt', '--out', 'images']

/** Lines of the metadata of the first thousand. */
async function metadata(): Promise<{ file_name: string; prompt: string }[]> {
  const text = await readFile(place.path('images/00000/metadata.jsonl'), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

describe('run', () => {
  test('needs no setting: it writes a picture for each prompt, their metadata, and says how many, where and how long', async () => {
    const { code, stdout, stderr } = await place.run(RUN)
    expect(code).toBe(0)
    expect(stdout).toBe('')
    expect(stderr).toContain('using sketch, the built-in executor that draws without a model')
    expect(stderr).toContain('prompts: 4 read: 4 new, 0 already there, 0 blank, 0 bad')
    expect(stderr).toMatch(/^4 pictures in images, [\d.]+ s$/m)
    expect(stderr).not.toContain('\u001b')
    expect((await metadata()).map(({ prompt }) => prompt)).toEqual(['prompt 0', 'prompt 1', 'prompt 2', 'prompt 3'])
    for (const { file_name } of await metadata()) {
      const bytes = await readFile(place.path('images/00000', file_name))
      expect(bytes.subarray(1, 4).toString()).toBe('PNG')
    }
    expect((await stat(place.path('images/.promptmesh'))).mode & 0o777).toBe(0o700)
    expect((await stat(place.path('images'))).mode & 0o055).toBe(0o055)
  })

  test('given again adds what is new and does nothing twice', async () => {
    await place.run(RUN)
    const before = await stat(place.path('images/00000/000000000.png'))
    await place.write('prompts.txt', prompts(6))
    const { code, stderr } = await place.run(RUN)
    expect(code).toBe(0)
    expect(stderr).toContain('6 read: 2 new, 4 already there')
    expect(stderr).toContain('6 pictures in images (4 were there already)')
    expect((await stat(place.path('images/00000/000000000.png'))).ino).toBe(before.ino)
    expect(await metadata()).toHaveLength(6)
  })

  test('is watched from another terminal, and stopped from there', async () => {
    await place.write('config.json', CONFIG)
    const run = place.start([...RUN, '--config', 'config.json', '--profile', 'stuck'])
    await run.said(/^prompts: 4 read/)
    const { stdout } = await place.run(['status', '--data', 'images/.promptmesh', '-o', 'json'])
    expect(JSON.parse(stdout).batches).toEqual([expect.objectContaining({ name: 'prompts', total: 4 })])
    expect((await place.run(['stop', '--data', 'images/.promptmesh', '--grace', '0s'])).code).toBe(0)
    const { code, stderr } = await run.ended
    expect(stderr).toContain('the same command goes on where it stopped')
    expect(code).toBe(130)
  })

  test('reads what is piped in', async () => {
    const { code, stderr } = await place.run(['run', '-', '--out', 'images'], { input: 'a fox\na hare\n' })
    expect(stderr).toContain('stdin: 2 read')
    expect(code).toBe(0)
    expect(await metadata()).toHaveLength(2)
  })

  test('with failures writes what there is, groups them, says what to do, and ends with 3', async () => {
    const command = ['sh', '-c', 'read p; case "$p" in *[13]) echo "no such model" >&2; exit 7;; esac; echo "$p"']
    await place.write('promptmesh.json', JSON.stringify({ profiles: { mixed: { executor: 'command', command } } }))
    const { code, stderr } = await place.run([...RUN, '--max-attempts', '1'])
    expect(code).toBe(3)
    expect(stderr).toMatch(/^2 tasks failed:\n {2}2 x .*no such model.*\(prompts\/1, prompts\/3\)$/m)
    expect(await metadata()).toHaveLength(2)
    expect((await place.run([...RUN, '--max-attempts', '1'])).code).toBe(3)
    const again = await place.run([...RUN, '--max-attempts', '1', '--retry'])
    expect(again.code).toBe(3)
    expect(again.stderr).toContain('2 tasks of earlier runs will be tried again')
    expect(again.stderr).toContain('keeps the settings that it was created with, not those of --max-attempts')
  })

  test('with failures says commands that work although its node is gone, from the folder as it is written', async () => {
    await place.write('config.json', CONFIG)
    const out = 'my images'
    const { code, stderr } = await place.run([
      ...['run', 'prompts.txt', '--out', out, '--config', 'config.json', '--profile', 'broken', '--max-attempts', '1'],
    ])
    expect(code).toBe(3)
    const data = `--data '${out}/.promptmesh'`
    expect(stderr).toContain(
      `see all: \`promptmesh up --no-work ${data}\`, then in another terminal \`promptmesh tasks prompts --state failed ${data}\``,
    )
    const node = place.start(['up', '--no-work', '--data', `${out}/.promptmesh`])
    await node.said(/^ready$/)
    const failed = await place.run(['tasks', 'prompts', '--state', 'failed', '--data', `${out}/.promptmesh`])
    expect(failed.stdout.match(/FAILED .*no such model/g)).toHaveLength(4)
  })

  test('that cannot run says to give the same command again, for there is no node to start', async () => {
    const absent = { profiles: { absent: { executor: 'command', command: ['./not-there.sh'] } } }
    await place.write('promptmesh.json', JSON.stringify(absent))
    const { code, stderr } = await place.run(RUN)
    expect(stderr).toMatch(
      /cannot run here: .*not-there\.sh.*; mend it and give the same command again \[MESH_CANNOT_RUN\]/,
    )
    expect(stderr).not.toContain('start the node')
    expect(code).toBe(1)
  })

  test('in the folder of another run names that run and its own way out', async () => {
    await place.write('config.json', CONFIG)
    const first = place.start([...RUN, '--config', 'config.json', '--profile', 'stuck'])
    await first.said(/^prompts: 4 read/)
    const { code, stderr } = await place.run(RUN)
    expect(stderr).toMatch(
      new RegExp(
        `^promptmesh: process ${first.child.pid} holds .*: wait until it ends, stop it with \`promptmesh stop --data \\S+images/\\.promptmesh\`, or choose another folder with --out \\[MESH_DATA_DIR_HELD\\]$`,
        'm',
      ),
    )
    expect(stderr).not.toContain('with --data [')
    expect(code).toBe(1)
  })

  test('starts a node of its own where a killed one left its api.json, even if the id of its process lives on', async () => {
    const file = { url: 'http://127.0.0.1:1', token: 't', pid: process.pid, nodeId: 'n' }
    await place.write('api.json', JSON.stringify(file))
    const { code, stderr } = await place.run([...RUN, '--data', '.'])
    expect(stderr).toMatch(/^4 pictures in images/m)
    expect(code).toBe(0)
  })

  test('refuses a profile that no node has, before anything is created', async () => {
    await place.up()
    const { code, stderr } = await place.run([...RUN, '--data', 'data', '--profile', 'sketsh'])
    expect(stderr).toMatch(
      /^promptmesh: no node can run the profile sketsh now; did you mean sketch\? .*\[MESH_PROFILE_UNKNOWN\]$/m,
    )
    expect(code).toBe(1)
    expect(JSON.parse((await place.run(['status', '--data', 'data', '-o', 'json'])).stdout).batches).toEqual([])
  })

  test('checks its options before it reads or makes anything', async () => {
    for (const wrong of [
      ['--name', 'a/b'],
      ['--task-timeout', '0'],
      ['--max-attempts', '0'],
    ]) {
      const { code, stderr } = await place.run(['run', '-', '--out', 'images', ...wrong])
      expect(stderr).toMatch(
        new RegExp(`^promptmesh: .*${wrong[0]}.*got "a/b"|^promptmesh: .*'${wrong[0]}.*'0' is invalid`),
      )
      expect(stderr.trim().split('\n')).toHaveLength(1)
      expect(code).toBe(2)
    }
    expect(await readdir(place.dir)).toEqual(['prompts.txt'])
  })

  test('stops cleanly at Ctrl-C, and the same command goes on where it stopped', async () => {
    const command = ['sh', '-c', 'read p; [ -e go ] || [ "$p" = "prompt 0" ] || sleep 600; echo "$p"']
    await place.write(
      'promptmesh.json',
      JSON.stringify({ profiles: { gated: { executor: 'command', command, places: 2 } } }),
    )
    const run = place.start(RUN)
    const first = place.path('images/00000/000000000.txt')
    await expect.poll(() => readFile(first, 'utf8').catch(() => ''), { timeout: 20_000 }).toBe('prompt 0')
    run.child.kill('SIGINT')
    await run.said(/^stopping: running attempts may finish; Ctrl-C once more stops them at once$/)
    run.child.kill('SIGINT')
    const stopped = await run.ended
    expect(stopped.code).toBe(130)
    expect(stopped.stderr).toMatch(/\nstopped: the same command goes on where it stopped\n$/)
    expect(await readdir(place.path('images/.promptmesh'))).not.toContain('api.json')
    await place.write('go', '')
    const { code, stderr } = await place.run(RUN)
    expect(stderr).toContain('0 new, 4 already there')
    expect(stderr).toContain('4 pictures in images (1 were there already)')
    expect(code).toBe(0)
  })

  test('goes on after kill -9', async () => {
    const run = place.start(RUN)
    await run.said(/^prompts: 4 read/)
    run.child.kill('SIGKILL')
    await run.ended
    expect((await place.run(RUN)).code).toBe(0)
    expect(await metadata()).toHaveLength(4)
  })

  test('uses the node that runs, and leaves it running', async () => {
    await place.up('--name', 'gpu-01')
    const { code, stderr } = await place.run([...RUN, '--data', 'data'])
    expect(stderr).toContain('using the node gpu-01 that runs in')
    expect(code).toBe(0)
    expect(await metadata()).toHaveLength(4)
    expect(await readdir(place.path('images'))).not.toContain('.promptmesh')
    expect(JSON.parse((await place.run(['status', '--data', 'data', '-o', 'json'])).stdout).nodes[0].completed).toBe(4)
  })

  test('ends at once where nobody can run the batch', async () => {
    await place.up('--no-work')
    const { code, stderr } = await place.run([...RUN, '--data', 'data'])
    expect(stderr).toMatch(/^promptmesh: batch prompts cannot run: .* \[MESH_CANNOT_RUN\]$/m)
    expect(code).toBe(1)
  })

  test('takes up a batch that was paused', async () => {
    await place.up()
    await place.run(['seed', 'prompts.txt', '--data', 'data'])
    await place.run(['pause', 'prompts', '--data', 'data'])
    const { code, stderr } = await place.run([...RUN, '--data', 'data'])
    expect(stderr).toContain('batch prompts was paused: it goes on')
    expect(code).toBe(0)
  })

  test.each([
    [
      'a file that is not there',
      ['run', 'promts.txt', '--out', 'images'],
      /promts\.txt was not found; did you mean \S*prompts\.txt\?/,
    ],
    ['a folder', ['run', '.', '--out', 'images'], /is a folder/],
    [
      'an output folder that is a file',
      ['run', 'prompts.txt', '--out', 'prompts.txt'],
      /prompts\.txt cannot be written/,
    ],
    ['an unknown profile', [...RUN, '--profile', 'sketsh'], /no profile "sketsh" is configured; did you mean sketch\?/],
    ['a config that is not there', [...RUN, '--config', 'none.json'], /none\.json cannot be read/],
  ])('says in one line what is wrong with %s', async (_, args, pattern) => {
    const { code, stderr } = await place.run(args)
    const lines = stderr.trim().split('\n')
    expect(lines.at(-1)).toMatch(pattern)
    expect(lines.at(-1)).toMatch(/^promptmesh: .*\[MESH_[A-Z_]+\]$/)
    expect(stderr).not.toContain('    at ')
    expect(code).toBe(1)
  })
})
