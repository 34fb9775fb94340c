/** What the command line says to those who ask for help, mistype, or have no node. */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Workplace } from './cli-support.ts'

let place: Workplace

beforeAll(async () => {
  place = await Workplace.make()
})
afterAll(() => place.remove())

/** One line, no stack. */
const oneLine = (pattern: RegExp) => new RegExp(`^promptmesh: ${pattern.source}[^\\n]*\\n$`)

describe('help', () => {
  test.each([[[]], [['--help']], [['help']]])(
    'is given for %j: examples first, every command, on stdout',
    async (args) => {
      const { code, stdout, stderr } = await place.run(args)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(/^Examples:\n {2}promptmesh run/)
      const commands =
        'run up stop seed status batches wait pull cancel pause resume retry delete tasks task why config version'
      for (const command of commands.split(' ')) expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'))
    },
  )

  test.each(['run', 'up', 'seed', 'status', 'tasks', 'wait', 'pull', 'cancel'])(
    'of %s begins with examples',
    async (command) => {
      const { code, stdout } = await place.run([command, '--help'])
      expect(code).toBe(0)
      expect(stdout).toMatch(new RegExp(`^Examples:\\n {2}promptmesh ${command}`))
    },
  )

  test('of a command is the same by either way', async () => {
    for (const command of [['seed'], ['config', 'show']]) {
      const [asked, named] = [await place.run(['help', ...command]), await place.run([...command, '--help'])]
      expect(asked).toEqual({ ...named, code: 0 })
    }
  })

  test('says first what is special to a command, then which node it asks', async () => {
    const { stdout } = await place.run(['tasks', '--help'])
    const flags = [...stdout.matchAll(/^ {2}(?:-., )?--([a-z-]+)/gm)].map((match) => match[1])
    expect(flags).toEqual(['state', 'limit', 'quiet', 'output', 'data', 'node', 'token-file', 'help'])
  })

  test('comes without loading the store, the server or a drawing library', async () => {
    const { code, stderr } = await place.run(['help'], { env: { NODE_DEBUG: 'esm' } })
    expect(code).toBe(0)
    expect(stderr).toContain('node_modules/commander')
    for (const heavy of [
      'node_modules/level',
      'node_modules/fastify',
      'resvg',
      'create-node',
      'node_modules/zod',
      'node_modules/pino',
    ]) {
      expect(stderr).not.toContain(heavy)
    }
  })
})

describe('a mistyped command line', () => {
  test.each([
    [['statsu'], /unknown command 'statsu'; did you mean status\?/],
    [['status', '--dat', 'x'], /unknown option '--dat'; did you mean --data\?/],
    [['status', '-o', 'xml'], /option '-o, --output <format>' argument 'xml' is invalid/],
    [['tasks', 'b', '--limit', 'many'], /option '--limit <n>' argument 'many' is invalid/],
    [['tasks', 'b', '--state', 'failled'], /--state failled: "failled" is no state; did you mean failed\?/],
    [
      ['wait', 'b', '--timeout', 'soon'],
      /option '--timeout <time>' argument 'soon' is invalid\. Expected seconds such as 600/,
    ],
    [
      ['seed', 'prompts.txt', '--task-timeout', '0'],
      /option '--task-timeout <time>' argument '0' is invalid.*more than 0/,
    ],
    [['seed', 'prompts.txt', '--max-attempts', '5000'], /.*'5000' is invalid\. Expected a whole number, 1 to 1000\./],
    [
      ['seed', 'prompts.txt', '--priority', '5e9'],
      /.*'5e9' is invalid\. Expected a whole number, -1000000 to 1000000\./,
    ],
    [['seed', 'prompts.txt', '--format', 'xls'], /--format xls: the formats are txt, csv/],
    [['seed', 'prompts.txt', '--profile', ''], /--profile: expected the name of a profile, got ""/],
    [['status', '--data', ''], /--data: expected a folder, got ""/],
    [['run', 'prompts.txt', '--out', ''], /--out: expected a folder, got ""/],
    [['pull', 'b', ''], /<dir>: expected a folder, got ""/],
    [['tasks', 'b', '--bogus'], /unknown option '--bogus'; see `promptmesh help tasks`/],
    [['help', 'sed'], /unknown command 'sed'; did you mean seed\? `promptmesh help` lists the commands/],
    [['help', 'config', 'shw'], /unknown command 'shw'; did you mean show\?/],
    [['wait'], /missing required argument 'batches'/],
    [['run', 'prompts.txt'], /required option '--out <dir>' not specified/],
    [['task', 'images'], /"images" names no task: write BATCH\/N/],
    [['status', '--node', 'http://127.0.0.1:1'], /--node URL and --token-file FILE go together/],
  ])('%j is answered in one line and with exit code 2', async (args, pattern) => {
    await place.write('prompts.txt', 'one\n')
    // With a node that is not there: a mistake in the command line is found first.
    const { code, stdout, stderr } = await place.run(args)
    expect(stderr).toMatch(oneLine(pattern))
    expect(stderr).toMatch(/\[MESH_BAD_REQUEST\]\n$/)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})

describe('without a node', () => {
  test.each([
    [['status', '--data', 'none']],
    [['seed', 'prompts.txt', '--data', 'none']],
    [['tasks', 'b', '--data', 'none']],
    [['wait', 'b', '--data', 'none']],
    [['stop', '--data', 'none']],
  ])('%j says how to start one, with exit code 4', async (args) => {
    const { code, stderr } = await place.run(args)
    expect(stderr).toMatch(
      oneLine(/no node runs in \S+none; start one with `promptmesh up --data \S+none` \[MESH_NO_NODE\]/),
    )
    expect(code).toBe(4)
  })

  test('an api.json that a killed node left is recognised', async () => {
    const gone = place.start(['version'])
    await gone.ended
    const file = { url: 'http://127.0.0.1:1', token: 't', pid: gone.child.pid, nodeId: 'n' }
    await place.write('api.json', JSON.stringify(file))
    const { code, stderr } = await place.run(['status', '--data', '.'])
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining('no node runs in') })
  })

  test('an api.json where nobody listens is told as a node that does not run, even where its process id is in use', async () => {
    const file = { url: 'http://127.0.0.1:1', token: 't', pid: process.pid, nodeId: 'n' }
    await place.write('api.json', JSON.stringify(file))
    const gone =
      /no node answers at http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\): the node of this data directory does not run/
    const flagged = await place.run(['status', '--data', '.'])
    expect(flagged.stderr).toMatch(oneLine(new RegExp(`${gone.source}; start it with \`promptmesh up --data \\.\``)))
    const named = await place.run(['wait', 'b'], { env: { PROMPTMESH_DATA: '.' } })
    expect(named.stderr).toMatch(oneLine(new RegExp(`${gone.source}; start it with \`promptmesh up\``)))
    expect([flagged.code, named.code]).toEqual([4, 4])
  })

  test('an api.json whose port is another node by now is no node', async () => {
    await place.up('--data', 'other')
    const { url } = JSON.parse(await readFile(place.path('other/api.json'), 'utf8'))
    await place.write('api.json', JSON.stringify({ url, token: 't', pid: process.pid, nodeId: 'n' }))
    const { code, stderr } = await place.run(['status', '--data', '.'])
    expect(stderr).toMatch(oneLine(/the node of this data directory does not run, or was started anew: start it with/))
    expect(code).toBe(4)
  })

  test('the data directory is found by flag, then environment, then under the home', async () => {
    const env = { PROMPTMESH_DATA: 'from-env' }
    expect((await place.run(['status', '--data', 'from-flag'], { env })).stderr).toContain(place.path('from-flag'))
    expect((await place.run(['status'], { env })).stderr).toContain(place.path('from-env'))
    expect((await place.run(['status'])).stderr).toContain(place.path('.local/share/promptmesh'))
  })

  test('data that cannot be written ends in one line', async () => {
    const { code, stderr } = await place.shell('"$NODE" "$BIN" version -o json > /dev/full')
    expect(stderr).toMatch(oneLine(/the output cannot be written: the disk is full \[MESH_OUTPUT\]/))
    expect(code).toBe(1)
  })

  test('a stack is shown only where it is asked for', async () => {
    const args = ['status', '--data', 'none']
    expect((await place.run(args)).stderr).not.toContain('    at ')
    expect((await place.run(args, { env: { PROMPTMESH_DEBUG: '1' } })).stderr).toContain('    at ')
  })
})

describe('settings', () => {
  test('are shown with their origin, as text and as JSON', async () => {
    await place.write('promptmesh.json', '{"name":"from-file","profiles":{"mine":{"executor":"sketch"}}}')
    const table = await place.run(['config', 'show', '--origin'], { env: { PROMPTMESH_WEB: '127.0.0.1:7999' } })
    expect(table).toMatchObject({ code: 0, stderr: '' })
    expect(table.stdout).toMatch(/^name +from-file +.*promptmesh\.json$/m)
    expect(table.stdout).toMatch(/^web +127\.0\.0\.1:7999 +PROMPTMESH_WEB$/m)
    expect(table.stdout).toMatch(/^profiles\.mine +\{"executor":"sketch"\} +.*promptmesh\.json$/m)
    const json = JSON.parse((await place.run(['config', 'show', '-o', 'json', '--origin'])).stdout)
    expect(json).toMatchObject({
      schema: 'promptmesh.config/1',
      values: { name: 'from-file' },
      origins: { web: { from: 'default' } },
    })
  })

  test('are read from the paths that `config path` names', async () => {
    const other = await Workplace.make()
    const [near, far] = (await other.run(['config', 'path'])).stdout.trim().split('\n')
    expect([near, far]).toEqual([other.path('promptmesh.json'), other.path('.config/promptmesh/config.json')])
    await other.write('promptmesh.json', '{"name":"near"}')
    expect((await other.run(['config', 'show', '--origin'])).stdout).toContain(String(near))
    await other.remove()
  })

  test('that are wrong are named in one line', async () => {
    await place.write('wrong.json', '{"plces":2}')
    const { code, stderr } = await place.run(['config', 'show', '--config', 'wrong.json'])
    expect(stderr).toMatch(oneLine(/.*wrong\.json: unknown key "plces"; did you mean places\?/))
    expect(code).toBe(1)
  })
})

describe('the version', () => {
  test('is told as text and as JSON', async () => {
    expect((await place.run(['version'])).stdout).toMatch(/^promptmesh \d+\.\d+\.\d+ \(Node \d+/)
    expect((await place.run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(JSON.parse((await place.run(['version', '-o', 'json'])).stdout)).toMatchObject({
      schema: 'promptmesh.version/1',
    })
  })
})
