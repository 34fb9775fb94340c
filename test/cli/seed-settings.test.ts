/** Tests of what a batch is seeded with: its name, its profile, and what it keeps. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchNameOf, checkBatchName, chooseRunningProfile, keptSettings } from '../../src/cli/seed-settings.ts'
import { checkBatchName as checkInCore } from '../../src/core/batches.ts'
import { BATCH, NODE, STATUS } from './cli-views.ts'

describe('a name of a batch', () => {
  const characters = fc.constantFrom(
    'a',
    '7',
    ' ',
    '.',
    '-',
    '/',
    '\\',
    '\0',
    '\n',
    '\u007f',
    '\ud800',
    '🦊',
    'é',
    'x'.repeat(50),
  )

  test('is refused early exactly where the node would refuse it', () => {
    const refused = (check: () => void): boolean => {
      try {
        check()
        return false
      } catch (error) {
        expect(error).toMatchObject({ code: 'MESH_BATCH_NAME' })
        return true
      }
    }
    fc.assert(
      fc.property(fc.array(characters, { maxLength: 6 }), (parts) => {
        const name = parts.join('')
        expect(refused(() => checkBatchName(name))).toBe(refused(() => checkInCore(name)))
      }),
      { numRuns: 500 },
    )
  })

  test('that comes from a file name is always taken', () => {
    fc.assert(
      fc.property(fc.array(characters, { minLength: 1, maxLength: 6 }), (parts) => {
        checkInCore(batchNameOf(parts.join('')))
      }),
      { numRuns: 500 },
    )
  })
})

describe('a batch that exists', () => {
  const request = { batch: BATCH.name, profile: BATCH.profile }

  test('keeps what it was created with, and says so of what was asked for now', () => {
    expect(keptSettings(undefined, { ...request, priority: 3 })).toEqual([])
    expect(keptSettings(BATCH, { ...request, priority: BATCH.priority })).toEqual([])
    expect(keptSettings(BATCH, { ...request, priority: 3, maxAttempts: 5, timeoutMs: 1 })).toEqual([
      'batch sdxl-1m keeps the settings that it was created with, not those of --priority, --max-attempts, --task-timeout',
    ])
    expect(keptSettings(BATCH, { ...request, profile: 'flux' })).toEqual([
      'batch sdxl-1m was seeded for sdxl before: for flux its prompts are other tasks',
    ])
  })
})

describe('what a user does not say', () => {
  test.each([
    ['prompts.txt', 'prompts'],
    ['/data/Parti.Prompts.tsv.gz', 'Parti.Prompts'],
    ['noextension', 'noextension'],
    ['.hidden', 'hidden'],
    ['--odd.csv', 'odd'],
    ['.gz', 'prompts'],
    ['  .txt', 'prompts'],
    ['-', 'stdin'],
    [`${'x'.repeat(200)}.txt`, 'x'.repeat(100)],
  ])('the batch of %s is called %s', (file, name) => expect(batchNameOf(file)).toBe(name))

  test('the profile is that of the batch, else the only one that the nodes run', () => {
    expect(chooseRunningProfile(STATUS, 'other', undefined)).toEqual({ profile: 'sdxl' })
    expect(chooseRunningProfile(STATUS, 'other', 'flux')).toEqual({
      profile: 'flux',
      waits: true,
      note: 'no node can run the profile flux now (nodes run sdxl)',
    })
    expect(chooseRunningProfile(STATUS, 'other', 'sdlx').note).toContain('did you mean sdxl?')
    const two = { ...STATUS, nodes: [{ ...NODE, profiles: ['sdxl', 'flux'] }] }
    expect(chooseRunningProfile(two, 'sdxl-1m', undefined)).toEqual({ profile: 'sdxl' })
    expect(() => chooseRunningProfile(two, 'other', undefined)).toThrow('choose one with --profile NAME')
    const sketch = { ...STATUS, nodes: [{ ...NODE, profiles: ['sketch'] }] }
    expect(chooseRunningProfile(sketch, 'other', undefined)).toMatchObject({
      profile: 'sketch',
      note: expect.stringContaining('without a model'),
    })
    expect(chooseRunningProfile({ ...STATUS, nodes: [] }, 'other', undefined)).toMatchObject({ profile: 'sketch' })
  })
})
