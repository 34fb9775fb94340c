/** Tests of profiles and of the registry: what is accepted, and what an error says. */
import { availableParallelism } from 'node:os'
import { describe, expect, test } from 'vitest'
import { createGuard } from '../../../src/adapters/executors/guard.ts'
import { parseProfile, placesOf, timeoutMsOf } from '../../../src/adapters/executors/profile.ts'
import { createExecutor } from '../../../src/adapters/executors/registry.ts'
import { MeshError } from '../../../src/core/errors.ts'
import { collectingLog } from '../../support/executor-jobs.ts'

function problem(body: unknown): string {
  try {
    parseProfile('mine', body)
  } catch (error) {
    if (error instanceof MeshError) return `${error.code} ${error.message}`
    throw error
  }
  throw new Error('it was accepted')
}

function timeoutOf(timeout: unknown): number | 'auto' {
  return timeoutMsOf(parseProfile('mine', { executor: 'sketch', timeout }))
}

describe('a profile', () => {
  test('is taken as it is written, any number of times', () => {
    const body = {
      executor: 'command',
      command: ['./draw.sh', '--fast'],
      env: { CUDA_VISIBLE_DEVICES: `\${place}` },
      cwd: 'tools',
      places: 2,
      timeout: '5m',
      defaults: { width: 1024, nested: { list: [1, null, 'x'] } },
      tags: ['vram24'],
    }
    expect(parseProfile('mine', body)).toEqual(body)
    expect(parseProfile('mine', parseProfile('mine', body))).toEqual(body)
  })

  test('has one place a core for sketch and one for command, unless it says otherwise', () => {
    expect(placesOf(parseProfile('mine', { executor: 'sketch' }))).toBe(availableParallelism())
    expect(placesOf(parseProfile('mine', { executor: 'command', command: ['x'] }))).toBe(1)
    expect(placesOf(parseProfile('mine', { executor: 'sketch', places: 7 }))).toBe(7)
  })

  test('gives its timeout in seconds or with a unit, and auto without', () => {
    expect(timeoutMsOf(parseProfile('mine', { executor: 'sketch' }))).toBe('auto')
    expect(['auto', 2, 0.5, '500ms', '2s', '1.5m', '1h'].map(timeoutOf)).toEqual([
      'auto',
      2_000,
      500,
      500,
      2_000,
      90_000,
      3_600_000,
    ])
    for (const wrong of [0, -1, Number.NaN, '2', '2 days', 'soon', '', '1000h', true, null]) {
      expect(() => timeoutOf(wrong)).toThrow(/profile "mine": timeout: write seconds, or "500ms"/)
    }
  })

  test('with an unknown key is refused, and the nearest known key is named', () => {
    expect(problem({ executor: 'command', comand: ['x'] })).toMatch(
      /^MESH_CONFIG profile "mine": .*unknown key "comand"; did you mean "command"\?/,
    )
    expect(problem({ executor: 'sketch', Places: 2 })).toMatch(/unknown key "Places"; did you mean "places"\?/)
    expect(problem({ executor: 'sketch', zzzzzzzz: 2 })).toMatch(
      /unknown key "zzzzzzzz"; remove it \(keys of sketch: executor, places/,
    )
  })

  test('with an unknown executor is refused, and the known ones are named', () => {
    expect(problem({ executor: 'comfyui', url: 'x' })).toBe(
      'MESH_CONFIG profile "mine": executor: unknown executor "comfyui"; known are sketch, command',
    )
    expect(problem({ places: 1 })).toBe(
      'MESH_CONFIG profile "mine": executor: names no executor; known are sketch, command',
    )
    for (const body of [null, 'sketch', [], 7]) expect(problem(body)).toMatch(/^MESH_CONFIG profile "mine": /)
  })

  test.each([
    [{ executor: 'command' }, 'command'],
    [{ executor: 'command', command: [] }, 'command'],
    [{ executor: 'command', command: './draw.sh' }, 'command'],
    [{ executor: 'command', command: [''] }, 'command'],
    [{ executor: 'command', command: ['a\0'] }, 'command'],
    [{ executor: 'command', command: ['x'], env: { 'a=b': 'x' } }, 'env'],
    [{ executor: 'command', command: ['x'], env: { A: 1 } }, 'env'],
    [{ executor: 'sketch', places: 0 }, 'places'],
    [{ executor: 'sketch', places: 1.5 }, 'places'],
    [{ executor: 'sketch', defaults: [] }, 'defaults'],
  ])('with a wrong value is refused, and the key is named: %j', (body, key) => {
    expect(problem(body)).toMatch(new RegExp(`^MESH_CONFIG profile "mine": ${key}`))
  })

  test.each([
    [
      { executor: 'command' },
      'command: expected a list of program and arguments such as ["./draw.sh", "--fast"], got nothing',
    ],
    [
      { executor: 'command', command: './draw.sh' },
      'command: expected a list of program and arguments such as ["./draw.sh", "--fast"], got "./draw.sh"',
    ],
    [{ executor: 'command', command: ['x', 5] }, 'command.1: expected a text without NUL characters, got 5'],
    [
      { executor: 'command', command: ['x'], env: { 'a=b': 'x' } },
      'env.a=b: expected names of letters, digits and "_" that begin with no digit, got "a=b"',
    ],
    [{ executor: 'sketch', places: 0 }, 'places: expected a whole number from 1 to 1024, got 0'],
    [{ executor: 'sketch', places: '2' }, 'places: expected a whole number from 1 to 1024, got "2"'],
    [{ executor: 'sketch', tags: 'x' }, 'tags: expected a list of texts such as ["vram24"], got "x"'],
    [
      { executor: 'sketch', timeout: 'soon' },
      'timeout: write seconds, or "500ms", "2s", "5m", "1h", up to 7 days, or "auto", got "soon"',
    ],
    [{ executor: 'comand' }, 'executor: unknown executor "comand"; did you mean "command"? known are sketch, command'],
    [null, 'expected an object such as { "executor": "sketch" }, got null'],
  ])('with a wrong value says what is allowed and what was given: %j', (body, message) => {
    expect(problem(body)).toBe(`MESH_CONFIG profile "mine": ${message}`)
  })
})

describe('an executor', () => {
  const context = { configFolder: '/', environment: { SET: 'x' }, guard: createGuard(collectingLog().log) }

  test('is made from a profile, and errors of the profile come out', () => {
    expect(createExecutor('mine', { executor: 'sketch' }, context)).toMatchObject({ execute: expect.any(Function) })
    expect(() => createExecutor('mine', { executor: 'magic' }, context)).toThrow(/unknown executor "magic"/)
  })

  test('needs the variables that its profile names', () => {
    const make = (value: string) =>
      createExecutor('mine', { executor: 'command', command: ['x'], env: { A: value } }, context)
    expect(() => make(`\${env:SET}`)).not.toThrow()
    expect(() => make(`\${env:HF_TOKEN}`)).toThrow(
      /profile "mine": env\.A needs the environment variable HF_TOKEN, which is not set/,
    )
    expect(() => make(`\${palce}`)).toThrow(/env\.A has \$\{palce\}; known are \$\{place\} and \$\{env:NAME\}/)
  })
})
