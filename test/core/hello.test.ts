/** Whether two nodes go together. */
import { describe, expect, test } from 'vitest'
import { PROTOCOL, refusalOf, settingsHash } from '../../src/core/hello.ts'
import type { MessageOf } from '../../src/core/messages.ts'
import { MESH_SETTINGS } from '../../src/core/settings.ts'
import { sha256 } from '../support/core-disk.ts'

const HELLO: MessageOf<'hello'> = {
  type: 'hello',
  meshId: '00'.repeat(8),
  ...PROTOCOL,
  settingsHash: settingsHash(MESH_SETTINGS, sha256),
  incarnation: 1,
  boot: '01'.repeat(8),
  membersHash: '02'.repeat(8),
  batchesHash: '03'.repeat(8),
  serving: [],
  name: 'a',
  started: 1,
}
const refusal = (mine: Partial<typeof HELLO>, theirs: Partial<typeof HELLO>) =>
  refusalOf({ ...HELLO, ...mine }, { ...HELLO, ...theirs })

describe('a peer is refused', () => {
  test.each([
    ['mesh', {}, { meshId: '11'.repeat(8) }],
    ['version', { versionMin: 2, versionMax: 3 }, { versionMin: 1, versionMax: 1 }],
    ['version', { versionMin: 1, versionMax: 1 }, { versionMin: 2, versionMax: 3 }],
    ['settings', {}, { settingsHash: '11'.repeat(8) }],
  ] as const)('for its %s', (why, mine, theirs) => {
    expect(refusal(mine, theirs)).toBe(why)
  })

  test('for its mesh before anything else', () => {
    expect(refusal({}, { meshId: '11'.repeat(8), versionMin: 9, settingsHash: '11'.repeat(8) })).toBe('mesh')
  })

  test('by both sides or by none', () => {
    const sides = [
      { versionMin: 1, versionMax: 2 },
      { versionMin: 2, versionMax: 4 },
      { versionMin: 3, versionMax: 3 },
    ]
    for (const a of sides) for (const b of sides) expect(refusal(a, b)).toBe(refusal(b, a))
  })
})

test('a peer with a common version and what is its own is accepted', () => {
  expect(refusal({ versionMax: 2 }, { versionMin: 2, versionMax: 5, name: 'b', boot: '09'.repeat(8) })).toBeUndefined()
})

test('the hash of the settings tells those that shape the fold, and no others', () => {
  const hash = settingsHash(MESH_SETTINGS, sha256)
  expect(hash).toMatch(/^[0-9a-f]{16}$/)
  for (const name of ['attemptsPerRoundMax', 'blamedLossesMax', 'maxAttempts'] as const)
    expect(settingsHash({ ...MESH_SETTINGS, [name]: MESH_SETTINGS[name] + 1 }, sha256)).not.toBe(hash)
  expect(settingsHash({ ...MESH_SETTINGS, backoffMs: 1 }, sha256)).toBe(hash)
})
