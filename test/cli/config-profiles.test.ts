/** Tests of profiles in the config: how files are put together and which one is chosen. */
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { chooseProfile } from '../../src/cli/config/choose-profile.ts'
import { cwd, load, projectFile, userFile, write } from './config-files.ts'

describe('profiles', () => {
  test('profiles of both files are put together, each whole from the nearer file, with its folder', async () => {
    await write(userFile(), { profiles: { a: { executor: 'sketch', tags: ['x'] }, b: { executor: 'sketch' } } })
    await write(projectFile(), { profiles: { a: { executor: 'command', command: ['./draw.sh'] } } })
    const { values, origins, profileFolders } = await load()
    expect(values.profiles).toEqual({
      a: { executor: 'command', command: ['./draw.sh'] },
      b: { executor: 'sketch' },
    })
    expect(profileFolders).toEqual({ a: cwd, b: path.dirname(userFile()) })
    expect(origins['profiles.a']).toEqual({ source: 'file', from: projectFile() })
    expect(origins['profiles.b']).toEqual({ source: 'file', from: userFile() })
  })

  test('a secret named by its variable stays as it is written', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the config's own notation for secrets
    const chat = { executor: 'openai-chat', apiKey: '${env:SECRET}' }
    await write(projectFile(), { profiles: { chat } })
    const { values } = await load({}, { SECRET: 'hunter2' })
    expect(values.profiles['chat']).toEqual(chat)
  })

  test('with nothing configured the built-in sketch is chosen and a line says so', async () => {
    const choice = chooseProfile(await load())
    expect(choice.profile).toBe('sketch')
    expect(choice.note).toMatch(/no profile is configured/)
  })

  test('the only configured one is chosen without a word, even where it is called sketch', async () => {
    await write(projectFile(), { profiles: { sketch: { executor: 'sketch' } } })
    expect(chooseProfile(await load())).toEqual({ profile: 'sketch' })
    await write(projectFile(), { profiles: { sdxl: { executor: 'comfyui' } } })
    expect(chooseProfile(await load())).toEqual({ profile: 'sdxl' })
  })

  test('the one asked for is chosen: by argument, flag, variable or file', async () => {
    await write(projectFile(), {
      profile: 'b',
      profiles: { a: { executor: 'x' }, b: { executor: 'x' }, c: { executor: 'x' } },
    })
    expect(chooseProfile(await load())).toEqual({ profile: 'b' })
    expect(chooseProfile(await load({ profile: 'c' }))).toEqual({ profile: 'c' })
    expect(chooseProfile(await load({}, { PROMPTMESH_PROFILE: 'a' }))).toEqual({ profile: 'a' })
    expect(chooseProfile(await load(), 'a')).toEqual({ profile: 'a' })
  })

  test('several configured and none chosen is an error that lists them', async () => {
    await write(projectFile(), { profiles: { sdxl: { executor: 'x' }, flux: { executor: 'x' } } })
    const config = await load()
    expect(() => chooseProfile(config)).toThrow(
      expect.objectContaining({ code: 'MESH_PROFILE_UNKNOWN', message: expect.stringContaining('flux, sdxl') }),
    )
  })

  test('an unknown one is an error with the nearest name, and names of Object do not pass', async () => {
    await write(projectFile(), { profiles: { sdxl: { executor: 'x' }, flux: { executor: 'x' } } })
    const config = await load()
    expect(() => chooseProfile(config, 'sdlx')).toThrow(
      expect.objectContaining({ code: 'MESH_PROFILE_UNKNOWN', message: expect.stringContaining('did you mean sdxl?') }),
    )
    expect(() => chooseProfile(config, 'constructor')).toThrow(
      expect.objectContaining({ code: 'MESH_PROFILE_UNKNOWN' }),
    )
  })
})
