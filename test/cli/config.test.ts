/** Tests of the config: precedence, origins, checks, and the sentences of its errors. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ConfigFlags, Environment } from '../../src/cli/config/layers.ts'
import { type LoadedConfig, loadConfig } from '../../src/cli/config/load.ts'
import { CONFIG_KEYS, configSchema, parseWebAddress } from '../../src/cli/config/schema.ts'
import { MeshError } from '../../src/core/errors.ts'
import { cwd, home, load, projectFile, root, userFile, write } from './config-files.ts'

/** The message of the error that loading gives: of usage where flags are wrong, of the config everywhere else. */
async function loadError(flags: ConfigFlags = {}, env: Environment = {}): Promise<string> {
  const error = await load(flags, env).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof MeshError)) throw new Error(`expected a MeshError, got ${String(error)}`)
  const { config: _, ...settings } = flags
  expect(error.code).toBe(Object.keys(settings).length > 0 ? 'MESH_BAD_REQUEST' : 'MESH_CONFIG')
  expect(error.message).not.toContain('\n')
  return error.message
}

describe('where settings come from', () => {
  test('nothing said anywhere gives the defaults, and they say so', async () => {
    const { values, origins, warnings, profileFolders } = await load()
    expect(values).toEqual({
      data: path.join(home, '.local', 'share', 'promptmesh'),
      name: 'gpu-box-01.local',
      web: '127.0.0.1:7170',
      log: 'info',
      profiles: { sketch: { executor: 'sketch' } },
    })
    expect(origins['data']).toEqual({ source: 'default', from: 'default' })
    expect(origins['profiles.sketch']).toEqual({ source: 'default', from: 'default' })
    expect(profileFolders).toEqual({ sketch: cwd })
    expect(warnings).toEqual([])
  })

  test('flags win over the environment, that over ./promptmesh.json, that over the user file, that over defaults', async () => {
    await write(userFile(), { name: 'user', log: 'error', web: '127.0.0.1:1', places: 1, profile: 'u' })
    await write(projectFile(), { name: 'project', web: '127.0.0.1:2', places: 2, profile: 'p' })
    const env = { PROMPTMESH_NAME: 'env', PROMPTMESH_PLACES: '3', PROMPTMESH_PROFILE: 'e' }
    const { values, origins } = await load({ name: 'flag', profile: 'f' }, env)
    expect(values).toMatchObject({ name: 'flag', profile: 'f', places: 3, web: '127.0.0.1:2', log: 'error' })
    expect(origins).toMatchObject({
      name: { source: 'flag', from: '--name' },
      profile: { source: 'flag', from: '--profile' },
      places: { source: 'environment', from: 'PROMPTMESH_PLACES' },
      web: { source: 'file', from: projectFile() },
      log: { source: 'file', from: userFile() },
      data: { source: 'default', from: 'default' },
    })
  })

  test('every key with a flag and a variable is read from both, the flag first', async () => {
    const said: { [key: string]: readonly [string, string] } = {
      data: ['/a', '/b'],
      name: ['a', 'b'],
      web: ['127.0.0.1:1', '127.0.0.1:2'],
      places: ['1', '2'],
      profile: ['a', 'b'],
      log: ['warn', 'error'],
    }
    const keys = Object.entries(CONFIG_KEYS).filter(([, { flag }]) => flag !== undefined)
    expect(keys.map(([key]) => key).sort()).toEqual(Object.keys(said).sort())
    const env = Object.fromEntries(keys.map(([key, { env: name }]) => [name, said[key]?.[1]]))
    const flags = Object.fromEntries(keys.map(([key]) => [key, said[key]?.[0]]))
    const text = (config: LoadedConfig): { [key: string]: string } =>
      Object.fromEntries(keys.map(([key]) => [key, String(config.values[key as keyof typeof config.values])]))
    expect(text(await load({}, env))).toEqual(Object.fromEntries(keys.map(([key]) => [key, said[key]?.[1]])))
    expect(text(await load(flags, env))).toEqual(flags)
  })

  test('an empty variable counts as not set', async () => {
    const { origins } = await load({}, { PROMPTMESH_NAME: '', PROMPTMESH_CONFIG: '' })
    expect(origins['name']?.source).toBe('default')
  })

  test('XDG folders are used where they are absolute and ignored where they are not', async () => {
    const configHome = path.join(root, 'xdg')
    await mkdir(path.join(configHome, 'promptmesh'), { recursive: true })
    await write(path.join(configHome, 'promptmesh', 'config.json'), { name: 'from-xdg' })
    const absolute = await load({}, { XDG_CONFIG_HOME: configHome, XDG_DATA_HOME: '/data' })
    expect(absolute.values).toMatchObject({ name: 'from-xdg', data: '/data/promptmesh' })
    const relative = await load({}, { XDG_CONFIG_HOME: 'xdg', XDG_DATA_HOME: 'data' })
    expect(relative.values).toMatchObject({
      name: 'gpu-box-01.local',
      data: path.join(home, '.local/share/promptmesh'),
    })
  })

  test('--config takes the place of ./promptmesh.json and of PROMPTMESH_CONFIG, but not of the user file', async () => {
    await write(projectFile(), { name: 'project' })
    await write(userFile(), { log: 'warn' })
    await write(path.join(root, 'other.json'), { places: 4 })
    await write(path.join(root, 'third.json'), { places: 5 })
    const { values } = await load({ config: '../other.json' }, { PROMPTMESH_CONFIG: '../third.json' })
    expect(values).toMatchObject({ name: 'gpu-box-01.local', places: 4, log: 'warn' })
    expect((await load({}, { PROMPTMESH_CONFIG: '../third.json' })).values.places).toBe(5)
  })

  test('a relative data directory means the folder of the file, or the current one for flag and variable', async () => {
    const other = path.join(root, 'other.json')
    await write(other, { data: 'd' })
    expect((await load({ config: other })).values.data).toBe(path.join(root, 'd'))
    expect((await load({ config: other }, { PROMPTMESH_DATA: 'd' })).values.data).toBe(path.join(cwd, 'd'))
    await write(other, { data: '~/d' })
    expect((await load({ config: other })).values.data).toBe(path.join(home, 'd'))
  })

  test.each([
    ['RTX_4090', 'rtx_4090'],
    ['..hidden', 'hidden'],
    ['Zoë’s Mac', 'zo-s-mac'],
    ['日本', 'node'],
    ['', 'node'],
    ['x'.repeat(100), 'x'.repeat(63)],
  ])('the host name %j gives the node name %j', async (hostname, expected) => {
    const { values } = await loadConfig({ flags: {}, env: {}, cwd, home, hostname })
    expect(values.name).toBe(expected)
    expect(configSchema.safeParse({ name: values.name }).success).toBe(true)
  })
})

describe('what is refused', () => {
  test('a config file that was named and is missing', async () => {
    expect(await loadError({ config: 'none.json' })).toBe(
      `the config file ${path.join(cwd, 'none.json')} cannot be read: there is no such file`,
    )
    expect(await loadError({}, { PROMPTMESH_CONFIG: 'none.json' })).toMatch(/no such file/)
  })

  test('a folder in place of the file', async () => {
    await mkdir(projectFile())
    expect(await loadError()).toMatch(/it is a folder$/)
  })

  test('an unknown key, with the file, the key and the nearest known one', async () => {
    await write(projectFile(), { plcaes: 2 })
    expect(await loadError()).toMatch(
      /promptmesh\.json: unknown key "plcaes"; did you mean places\?; the keys are data, log, name, places, profile, profiles, web$/,
    )
    await write(projectFile(), { zzzzzz: 2 })
    expect(await loadError()).not.toContain('did you mean')
  })

  test.each([
    [{ places: 'two' }, 'places: expected a whole number from 1 to 1024, got "two"'],
    [{ places: 1.5 }, 'places: expected a whole number from 1 to 1024, got 1.5'],
    [{ places: 0 }, 'places: expected a whole number from 1 to 1024, got 0'],
    [{ name: 'GPU 1' }, 'name: expected a name of a-z'],
    [{ log: 'loud' }, 'log: expected one of trace, debug, info, warn, error, silent, got "loud"'],
    [{ data: '' }, 'data: expected a folder, got ""'],
    [{ profiles: [] }, 'profiles: expected an object of profiles by name, got []'],
    [{ profiles: { a: 'sketch' } }, 'profiles.a: expected an object such as'],
    [{ profiles: { a: { executor: 7 } } }, 'profiles.a.executor: expected the name of an executor, got 7'],
    [{ profiles: { a: {} } }, 'profiles.a.executor: expected the name of an executor, got nothing'],
    [{ profiles: { '../a': { executor: 'x' } } }, 'profiles.../a: expected a profile name of letters'],
    ['[]', 'expected an object of settings, got []'],
    ['null', 'expected an object of settings, got null'],
    ['{"profiles": {"__proto__": {"executor": "x"}}}', '"__proto__" is not allowed'],
  ])('%j, naming the file, the path, what was expected and what it got', async (content, expected) => {
    await write(projectFile(), content)
    const message = await loadError()
    expect(message).toContain(projectFile())
    expect(message).toContain(expected)
  })

  test('several mistakes at once are all named in one line', async () => {
    await write(projectFile(), { places: 0, colour: 'red', log: 1 })
    expect(await loadError()).toMatch(/places: .*log: .*unknown key "colour"/)
  })

  test('a flag or a variable with a wrong value, by its own name', async () => {
    expect(await loadError({ places: 'many' })).toBe('--places: expected a whole number from 1 to 1024, got "many"')
    expect(await loadError({}, { PROMPTMESH_PLACES: '0' })).toMatch(/^PROMPTMESH_PLACES: .* got 0$/)
    expect(await loadError({ name: 'a/b' })).toMatch(/^--name: /)
  })

  test.each([
    '0.0.0.0:7170',
    '192.168.1.4:7170',
    'example.org:80',
    '[::]:7170',
    '127.0.0.1',
    '127.0.0.1:70000',
    '127.0.0.999:1',
    ':7170',
  ])('the web address %s, as only loopback is served', async (web) => {
    expect(await loadError({ web })).toContain('--web: expected an address of this machine only')
  })

  test('loopback addresses are accepted and taken apart', async () => {
    expect(parseWebAddress('127.0.0.1:7170')).toEqual({ host: '127.0.0.1', port: 7170 })
    expect(parseWebAddress('LOCALHOST:0')).toEqual({ host: 'localhost', port: 0 })
    expect(parseWebAddress('[::1]:80')).toEqual({ host: '::1', port: 80 })
    expect((await load({ web: '[::1]:80' })).values.web).toBe('[::1]:80')
  })
})

describe('environment names', () => {
  test('a misspelt one gives a warning with the nearest, in order', async () => {
    const names = ['PROMPTMESH_NAEM', 'PROMPTMESH_DAT', 'PROMPTMESH_BOGUS']
    const { warnings } = await load({}, Object.fromEntries(names.map((name) => [name, 'x'])))
    expect(warnings).toEqual([
      'the environment variable PROMPTMESH_BOGUS means nothing here',
      'the environment variable PROMPTMESH_DAT means nothing here; did you mean PROMPTMESH_DATA?',
      'the environment variable PROMPTMESH_NAEM means nothing here; did you mean PROMPTMESH_NAME?',
    ])
  })

  test('those for executors, the key and the token are passed over', async () => {
    const names = ['PROMPT', 'PARAMS', 'OUT', 'SEED', 'INDEX', 'BATCH', 'ATTEMPT', 'PLACE', 'KEY', 'TOKEN']
    const { warnings } = await load({}, Object.fromEntries(names.map((name) => [`PROMPTMESH_${name}`, 'x'])))
    expect(warnings).toEqual([])
  })
})
