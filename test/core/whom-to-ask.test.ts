import { expect, test } from 'vitest'
import { Ballots } from '../../src/core/ballots.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { whomToAsk } from '../../src/core/whom-to-ask.ts'
import { partPeers, partWorld } from '../support/part-world.ts'

const SLOTS = SlotSet.of([1, 2])
const asked = (peers: ReturnType<typeof partPeers>, ballots = new Ballots()) =>
  [...whomToAsk(partWorld({ peers }).world, ballots, SLOTS)].map(([id, slots]) => [id, [...slots]])

test('in a small mesh everyone who can be reached is asked of everything, and who is on a list in any case', () => {
  const peers = partPeers('self', ['a', 'b', 'c', 'd'], {
    isUp: (id) => id !== 'a',
    isReachable: (id) => id !== 'b',
    listOf: (slot) => (slot === 1 ? ['self', 'a', 'b'] : ['self', 'c', 'd']),
  })
  expect(asked(peers)).toEqual([
    ['b', [1]],
    ['c', [1, 2]],
    ['d', [1, 2]],
  ])
})

test('in a large mesh those are asked who are on the list of a slot or owned it last, connected or not', () => {
  const ballots = new Ballots()
  ballots.raise({ from: 2, to: 2, epoch: 3, node: 'd' })
  const peers = partPeers('self', ['a', 'b', 'c', 'd'], {
    isLarge: true,
    isReachable: () => false,
    isUp: (id) => id !== 'c',
    listOf: (slot) => (slot === 1 ? ['self', 'a', 'c'] : ['self', 'b', 'c']),
  })
  expect(asked(peers, ballots)).toEqual([
    ['a', [1]],
    ['b', [2]],
    ['d', [2]],
  ])
})
