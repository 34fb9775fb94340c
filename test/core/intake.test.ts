/** The ids of a batch that is seeded are in memory for a while, and are read again after it. */
import { expect, test } from 'vitest'
import { CoreWorld } from '../support/core-world.ts'

test('the ids of a batch are let go of some time after its last frame, and a row is known again all the same', () => {
  const first = new CoreWorld({ nodeSettings: { profiles: {} } })
  const batch = first.batch('b')
  first.seed(batch, ['a cat'])
  const world = new CoreWorld({ disk: first.disk, nodeSettings: { profiles: {} }, persistAtOnce: false })
  world.settle()
  const seeded = (...prompts: string[]) => {
    const request = world.seed(batch, prompts)
    const reads = world.reads.size
    world.settle()
    return { reads, reply: world.reply(request) }
  }
  expect(seeded('a cat')).toMatchObject({ reads: 1, reply: { value: { new: 0, existing: 1 } } })
  world.advance(119_000)
  expect(seeded('a cat', 'a dog')).toMatchObject({ reads: 0, reply: { value: { new: 1, existing: 1 } } })
  world.advance(119_000)
  expect(seeded('a dog')).toMatchObject({ reads: 0 })
  world.advance(121_000)
  expect(seeded('a cat', 'a dog', 'a fox')).toMatchObject({ reads: 1, reply: { value: { new: 1, existing: 2 } } })
})
