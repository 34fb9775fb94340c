/** What follows for tasks of which the facts come in an odd order. */
import { expect, test } from 'vitest'
import { encodeMessage } from '../../src/codec/messages.ts'
import { makeFact } from '../../src/core/fact-record.ts'
import type { Fact } from '../../src/core/facts.ts'
import { makeToken } from '../../src/core/ids.ts'
import { sha256 } from '../simulation/fact-pool.ts'
import { CoreMesh } from '../support/core-mesh.ts'

test('a task whose prompt comes after the end of an attempt is granted then', () => {
  const mesh = new CoreMesh(['a', 'b'])
  const [a, b] = mesh.nodes as [(typeof mesh.nodes)[0], (typeof mesh.nodes)[0]]
  const batch = mesh.batch(a, 'late prompts').id
  const slots = Array.from({ length: 16_384 }, (_, slot) => slot)
  const slot = slots.find((each) => a.core.serves(each)) ?? 0
  const task = (slot << 2).toString(16).padStart(4, '0').padEnd(32, '5')
  const token = makeToken(0, 1, 'cd'.repeat(8))
  const hear = (fact: Fact) => {
    const message = { type: 'slot', request: 0, lacking: [], done: true } as const
    const bytes = encodeMessage({ ...message, facts: [makeFact(fact, sha256).bytes] })
    mesh.post(a, { type: 'received', from: b.id, bytes })
    mesh.advance(5_000)
  }
  hear({ kind: 'claimed', batch, task, token, holder: 'long gone', holderBoot: 'ef'.repeat(8), round: 0 })
  const error = { class: 'failed', message: 'it was dark' } as const
  hear({ kind: 'ended', batch, task, token, outcome: 'failed', durationMs: 5, error })
  expect(a.running.size + b.running.size).toBe(0)
  hear({ kind: 'seeded', batch, task, index: 0, prompt: 'a cat', params: {}, profile: 'draw' })
  expect([...a.running.values(), ...b.running.values()]).toMatchObject([{ prompt: 'a cat', attempt: 2 }])
  expect(a.core.view().batches).toMatchObject([{ counts: { total: 1 }, running: 1 }])
})
