/** A node as a process: how it starts, what it serves, how it stops. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CONFIG, Workplace } from './cli-support.ts'

describe('a node', () => {
  let place: Workplace
  beforeEach(async () => {
    place = await Workplace.make()
  })
  afterEach(() => place.remove())

  test('keeps its directory and token to its user, says what it serves, and stops when it is told', async () => {
    const node = await place.up('--places', '3')
    expect(await node.said(/^node /)).toMatch(/serves http:\/\/127\.0\.0\.1:\d+, runs sketch in 3 places, data in /)
    expect((await stat(place.path('data'))).mode & 0o777).toBe(0o700)
    expect((await stat(place.path('data/api.json'))).mode & 0o777).toBe(0o600)
    expect(await place.run(['stop', '--data', 'data'])).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/stopped\n$/),
    })
    expect((await node.ended).code).toBe(0)
    expect(await readdir(place.path('data'))).not.toContain('api.json')
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('stops cleanly at %s, at once where nothing runs', async (signal) => {
    const node = await place.up()
    node.child.kill(signal)
    expect(await node.ended).toMatchObject({ code: 0, stderr: expect.stringMatching(/stopped\n$/) })
    expect(await readdir(place.path('data'))).not.toContain('api.json')
  })

  test('lets what runs finish at the first signal and ends it at the second', async () => {
    await place.write('config.json', CONFIG)
    await place.write('one.txt', 'one\n')
    const node = await place.up('--config', 'config.json')
    await place.run(['seed', 'one.txt', '--profile', 'stuck', '--data', 'data'])
    const running = async () =>
      JSON.parse((await place.run(['status', '-o', 'json', '--data', 'data'])).stdout).batches[0].running
    await expect.poll(running, { timeout: 10_000 }).toBe(1)
    node.child.kill('SIGINT')
    await node.said(/^stopping: /)
    expect(await running()).toBe(1)
    node.child.kill('SIGINT')
    const { code, stderr } = await node.ended
    expect(stderr).toMatch(/\nstopping at once: what runs will run again at the next start\nstopped\n$/)
    expect(code).toBe(0)
  })

  test('that is stopped twice before it serves says what that leaves, in its last line', async () => {
    const node = place.start(['up', '--data', 'data'])
    await node.said(/^promptmesh: starting a node$/)
    node.child.kill('SIGINT')
    await node.said(/^stopping: /)
    node.child.kill('SIGINT')
    const { code, stderr } = await node.ended
    // Where it served by then, the second signal hurries it.
    expect(stderr).toMatch(/\n(stopped at once: nothing that was acknowledged is lost|stopped)\n$/)
    expect(code).toBe(stderr.endsWith('lost\n') ? 130 : 0)
  })

  test.each([
    ['--places', '0', /--places: expected a whole number from 1 to 1024, got 0/],
    ['--name', 'GPU 1', /--name: expected a name of a-z.*, got "GPU 1"/],
    ['--log', 'loud', /--log: expected one of trace, .*, got "loud"/],
    ['--grace', '2d', /option '--grace <time>' argument '2d' is invalid\. Expected .*; 1d at most\./],
  ])('with a wrong %s ends as a mistake of usage', async (flag, value, pattern) => {
    const { code, stderr } = await place.run(['up', '--data', 'data', flag, value])
    expect(stderr.trim().split('\n').at(-1)).toMatch(pattern)
    expect(stderr).toMatch(/\[MESH_BAD_REQUEST\]\n$/)
    expect(code).toBe(2)
    expect(await readdir(place.dir)).toEqual([])
  })

  test('names file, profile, key, what is allowed and what was given', async () => {
    await place.write('config.json', '{"profiles":{"mine":{"executor":"command","command":"./draw.sh"}}}')
    const { code, stderr } = await place.run(['up', '--data', 'data', '--config', 'config.json'])
    expect(stderr.trim().split('\n').at(-1)).toBe(
      `promptmesh: ${place.path('config.json')}: profile "mine": command: expected a list of program and arguments such as ["./draw.sh", "--fast"], got "./draw.sh" [MESH_CONFIG]`,
    )
    expect(code).toBe(1)
  })

  test('in a place that is a file says so', async () => {
    await place.write('data', 'not a folder')
    const { stderr } = await place.run(['up', '--data', 'data'])
    expect(stderr).toMatch(
      /data cannot be used: there is a file of that name; choose another directory with --data \[MESH_DATA_DIR\]$/m,
    )
  })

  test('on a directory that another holds says which process that is', async () => {
    const node = await place.up()
    const { code, stderr } = await place.run(['up', '--data', 'data'])
    expect(stderr).toMatch(
      new RegExp(`^promptmesh: process ${node.child.pid} holds the data directory .* \\[MESH_DATA_DIR_HELD\\]$`, 'm'),
    )
    expect(code).toBe(1)
    expect((await place.run(['status', '--data', 'data'])).code).toBe(0)
  })

  test('on a port that was named and is taken says so; unnamed it moves on', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    const { code, stderr } = await place.run(['up', '--data', 'taken', '--web', `127.0.0.1:${port}`])
    expect(stderr).toMatch(/^promptmesh: port \d+ of 127\.0\.0\.1 is in use.* \[MESH_PORT_TAKEN\]$/m)
    expect(code).toBe(1)
    other.close()
    const [first, second] = [await place.up(), place.start(['up', '--data', 'second'])]
    await second.said(/^ready$/)
    const urls = await Promise.all(
      ['data', 'second'].map(async (dir) => JSON.parse(await readFile(place.path(dir, 'api.json'), 'utf8')).url),
    )
    expect(new Set(urls).size).toBe(2)
    first.child.kill('SIGTERM')
    second.child.kill('SIGTERM')
    expect([(await first.ended).code, (await second.ended).code]).toEqual([0, 0])
  })

  test('refuses an address that others could reach', async () => {
    const { code, stderr } = await place.run(['up', '--data', 'data', '--web', '0.0.0.0:7170'])
    expect(stderr).toMatch(/--web: expected an address of this machine only.*\[MESH_BAD_REQUEST\]$/m)
    expect(code).toBe(2)
  })

  test('with --no-work takes prompts and runs nothing', async () => {
    await place.up('--no-work')
    await place.write('one.txt', 'one\n')
    expect((await place.run(['seed', 'one.txt', '--data', 'data'])).code).toBe(0)
    const { batches, nodes } = JSON.parse((await place.run(['status', '-o', 'json', '--data', 'data'])).stdout)
    expect(batches[0]).toMatchObject({ waiting: 1, blocked: expect.any(String) })
    expect(nodes[0]).toMatchObject({ places: 0 })
    const { stderr } = await place.run(['wait', 'one', '--timeout', '0.3', '--data', 'data'])
    expect(stderr).toMatch(/^! one: /m)
    await place.run(['pause', 'one', '--data', 'data'])
    expect((await place.run(['wait', 'one', '--timeout', '0.3', '--data', 'data'])).stderr).toMatch(
      /^! one: it is paused; `promptmesh resume one --data data` goes on with it$/m,
    )
  })

  test('that was killed leaves a directory that starts again', async () => {
    const node = await place.up()
    node.child.kill('SIGKILL')
    await node.ended
    expect((await place.run(['status', '--data', 'data'])).code).toBe(4)
    await place.up()
    expect((await place.run(['status', '--data', 'data'])).code).toBe(0)
  })

  test('is not hindered by a reader of its messages that goes away', async () => {
    const node = await place.up()
    node.child.stderr?.destroy()
    expect((await place.run(['stop', '--data', 'data'])).code).toBe(0)
    expect((await node.ended).code).toBe(0)
    expect(await readdir(place.path('data'))).not.toContain('api.json')
  })
})
