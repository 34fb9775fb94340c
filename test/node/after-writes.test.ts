/** What waits for writes begins in its order, and what is to be done alone holds up the rest. */
import { expect, test } from 'vitest'
import { AfterWrites } from '../../src/node/after-writes.ts'

/** One after the other, begun and ended by the test. */
function bench() {
  const begun: string[] = []
  const failed: unknown[] = []
  const ends = new Map<string, PromiseWithResolvers<void>>()
  const after = new AfterWrites((error) => failed.push(error))
  const add = (name: string, ticket: number, alone = false) => {
    const end = Promise.withResolvers<void>()
    ends.set(name, end)
    const run = () => {
      begun.push(name)
      return end.promise
    }
    after.add({ ticket, alone, run })
  }
  const settle = async (name: string, error?: Error) => {
    const end = ends.get(name)
    if (error === undefined) end?.resolve()
    else end?.reject(error)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { after, begun, failed, add, settle }
}

test('what is given begins once its ticket is persisted, in the order in which it was given', () => {
  const { after, begun, add } = bench()
  add('a', 0)
  add('b', 2)
  add('c', 1)
  expect(begun).toEqual(['a'])
  after.persisted(1)
  expect(begun).toEqual(['a'])
  after.persisted(2)
  expect(begun).toEqual(['a', 'b', 'c'])
})

test('what is done alone begins beside what runs, and holds up what comes after it until it has ended', async () => {
  const { begun, add, settle } = bench()
  add('read', 0)
  add('drop', 0, true)
  add('later', 0)
  add('last', 0, true)
  expect(begun).toEqual(['read', 'drop'])
  await settle('drop')
  expect(begun).toEqual(['read', 'drop', 'later', 'last'])
})

test('what fails is told, and holds up nothing for good', async () => {
  const { begun, failed, add, settle } = bench()
  add('drop', 0, true)
  add('later', 0)
  await settle('drop', new Error('no'))
  expect(failed).toHaveLength(1)
  expect(begun).toEqual(['drop', 'later'])
})
