import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openPrompts } from '../../src/intake/open.ts'
import { promptsOf, readAll } from './helpers.ts'

const examples = fileURLToPath(new URL('../../examples/prompts.txt', import.meta.url))
const parti = fileURLToPath(new URL('../../../shared/data/PartiPrompts.tsv', import.meta.url))

test('the example prompts are 40 different ones', async () => {
  const reading = await readAll(await openPrompts(examples))
  expect(reading).toMatchObject({ read: 40, blank: 0, bad: 0 })
  expect(new Set(promptsOf(reading)).size).toBe(40)
})

test('the 1,632 PartiPrompts are read with their other columns', async () => {
  if (!existsSync(parti)) {
    console.warn('PartiPrompts.tsv is not there; examples/prompts.txt is read instead')
    expect((await readAll(await openPrompts(examples))).read).toBe(40)
    return
  }
  const reading = await readAll(await openPrompts(parti))
  expect(reading).toMatchObject({ read: 1_632, blank: 0, bad: 0 })
  expect(reading.rows[0]).toEqual({
    prompt: 'bond',
    params: { Category: 'Abstract', Challenge: 'Basic', Note: 'Biology-inspired concepts with multiple meanings' },
  })
  expect(reading.rows[276]?.prompt).toContain('The words "Fly an airplane" are written on the wall')
  expect(reading.rows[276]?.params).toEqual({ Category: 'Outdoor Scenes', Challenge: 'Complex' })
})
