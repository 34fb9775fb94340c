import { expect, test } from 'vitest'
import { Ballots } from '../../src/core/ballots.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { whomToAsk } from '../../src/core/whom-to-ask.ts'
import { PartWorld } from '../support/part-world.ts'

const SLOTS = SlotSet.of([1, 2])
const asked = (world: PartWorld, ballots = new Ballots()) =>
  [...whomToAsk(world, ballots, SLOTS)].map(([id, slots]) => [id, [...slots]])

function worldWith(lists: readonly [string[], string[]]): PartWorld {
  const world = new PartWorld(['a', 'b', 'c', 'd', 'self'], 'self')
  world.order = (slot) => (slot === 1 ? lists[0] : lists[1])
  return world
}

test('in a small mesh everyone who can be reached is asked of everything, and who is on a list in any case', () => {
  const world = worldWith([
    ['self', 'a', 'b'],
    ['self', 'c', 'd'],
  ])
  world.silent.add('a')
  world.unconnected.add('b')
  expect(asked(world)).toEqual([
    ['b', [1]],
    ['c', [1, 2]],
    ['d', [1, 2]],
  ])
})

test('in a large mesh those are asked who are on the list of a slot or owned it last, connected or not', () => {
  const ballots = new Ballots()
  ballots.raise({ from: 2, to: 2, epoch: 3, node: 'd' })
  const world = worldWith([
    ['self', 'a', 'c'],
    ['self', 'b', 'c'],
  ])
  world.isLarge = true
  for (const id of ['a', 'b', 'd']) world.unconnected.add(id)
  world.silent.add('c')
  expect(asked(world, ballots)).toEqual([
    ['a', [1]],
    ['b', [2]],
    ['d', [2]],
  ])
})
