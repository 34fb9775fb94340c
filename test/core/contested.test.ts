/** Which slots are contested while members are silent, gone or back. */
import { describe, expect, test } from 'vitest'
import { BatchBook } from '../../src/core/batch-book.ts'
import { newBatch } from '../../src/core/batches.ts'
import { CONTESTED, type Contest, FIRM, ORPHANED, shuffleOf } from '../../src/core/contest.ts'
import { Contested } from '../../src/core/contested.ts'
import { makeFact } from '../../src/core/fact-record.ts'
import { OpenTask } from '../../src/core/open-task.ts'
import { Ownership } from '../../src/core/ownership.ts'
import { SlotSet } from '../../src/core/slot-set.ts'
import { sha256 } from '../support/core-disk.ts'
import { PartWorld } from '../support/part-world.ts'

const BATCH = '00'.repeat(8)
const SLOT = 0

function serving(world: PartWorld) {
  const book = new BatchBook()
  const ownership = new Ownership(world)
  ownership.ballots.raise({ from: SLOT, to: SLOT, epoch: 1, node: world.nodeId })
  ownership.serve(SlotSet.of([SLOT]), 1)
  const contested = new Contested(world, book, ownership)
  const judge = (): Contest => {
    contested.changed()
    contested.look()
    return contested.of(SLOT)
  }
  return { book, ownership, contested, judge }
}

describe('a slot that this node serves', () => {
  test('is firm while everyone on its list is there', () => {
    const { judge, contested } = serving(new PartWorld(['a', 'b', 'c']))
    expect(judge()).toBe(FIRM)
    expect(contested.count).toBe(0)
  })

  test('is orphaned while this node alone of three is there, and firm once others are back and compared', () => {
    const world = new PartWorld(['a', 'b', 'c'])
    const { judge, contested } = serving(world)
    world.silent.add('b').add('c')
    expect(judge()).toBe(ORPHANED)
    expect(contested.count).toBe(1)
    world.silent.clear()
    expect(judge()).toBe(ORPHANED)
    contested.compared('c')
    expect(judge()).toBe(ORPHANED)
    contested.compared('b')
    expect(judge()).toBe(FIRM)
    expect(contested.count).toBe(0)
  })

  test('is not firm by a comparison with a member that is silent again', () => {
    const world = new PartWorld(['a', 'b', 'c'])
    const { judge, contested } = serving(world)
    world.silent.add('b')
    judge()
    contested.compared('b')
    world.silent.clear()
    expect(judge()).toBe(ORPHANED)
  })

  test('is firm where a member that was silent has ended', () => {
    const world = new PartWorld(['a', 'b', 'c'])
    const { judge } = serving(world)
    world.silent.add('b')
    judge()
    world.silent.clear()
    world.gone.add('b')
    judge()
    world.gone.clear()
    expect(judge()).toBe(FIRM)
  })

  test('is orphaned until it is compared with a member that had ended and is all that is there besides this node', () => {
    const world = new PartWorld(['a', 'b', 'c'])
    const { judge, contested } = serving(world)
    world.gone.add('b')
    world.silent.add('c')
    expect(judge()).toBe(ORPHANED)
    world.gone.clear()
    expect(judge()).toBe(ORPHANED)
    expect(world.wanted).toContain('b')
    contested.compared('b')
    expect(judge()).toBe(FIRM)
  })

  test('waits for no comparison with a member that had ended where another is there', () => {
    const world = new PartWorld(['a', 'b', 'c'])
    const { judge } = serving(world)
    world.gone.add('b')
    expect(judge()).toBe(FIRM)
    world.gone.clear()
    expect(judge()).toBe(FIRM)
    world.silent.add('c')
    expect(judge()).toBe(ORPHANED)
  })

  test('is contested while a member before this node is silent, not where that is known to have ended', () => {
    const world = new PartWorld(['a', 'b', 'c'], 'b')
    const { judge } = serving(world)
    world.silent.add('a')
    expect(judge()).toBe(CONTESTED)
    world.silent.delete('a')
    world.gone.add('a')
    expect(judge()).toBe(FIRM)
  })

  test('is firm where this node is the only member', () => {
    expect(serving(new PartWorld(['a'])).judge()).toBe(FIRM)
  })

  test('is orphaned where one of two is lost, whatever is known of it', () => {
    const world = new PartWorld(['a', 'b'])
    world.gone.add('b')
    expect(serving(world).judge()).toBe(ORPHANED)
  })

  test('is firm once it is not served any more', () => {
    const world = new PartWorld(['a', 'b', 'c'])
    const { ownership, judge } = serving(world)
    world.silent.add('b').add('c')
    judge()
    ownership.learn([{ from: SLOT, to: SLOT, epoch: 2, node: 'b' }])
    expect(judge()).toBe(FIRM)
  })

  test('is judged only after something has changed', () => {
    const world = new PartWorld(['a', 'b', 'c'])
    const { contested, judge } = serving(world)
    judge()
    world.silent.add('b').add('c')
    contested.look()
    expect(contested.of(SLOT)).toBe(FIRM)
  })
})

describe('of the sides of a split', () => {
  const MEMBERS = ['a', 'b', 'c']
  const sides = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => MEMBERS.filter((_, at) => (bits & (1 << at)) !== 0))

  test.each(sides.map((side) => [side]))('one at most has a firm slot: %j', (side) => {
    const other = MEMBERS.filter((id) => !side.includes(id))
    const firm = [side, other].filter((those) => {
      const owner = those[0]
      if (owner === undefined) return false
      const world = new PartWorld(MEMBERS, owner)
      for (const id of MEMBERS) if (!those.includes(id)) world.silent.add(id)
      return serving(world).judge() === FIRM
    })
    expect(firm.length).toBeLessThanOrEqual(1)
  })
})

describe('ready tasks', () => {
  test('move to the queue of what their slot has become, and back', () => {
    const world = new PartWorld(['a', 'b', 'c'])
    const { book, contested, judge } = serving(world)
    const fields = { profile: 'draw', priority: 0, maxAttempts: 3, timeoutMs: null, paused: false, cancelled: false }
    const batch = book.put(newBatch(BATCH, 'b', { ...fields, born: 1 }, 'a'))
    const about = { batch: BATCH, task: '00'.repeat(16), prompt: 'a cat', params: {}, profile: 'draw' }
    const task = new OpenTask([makeFact({ kind: 'seeded', index: 0, ...about }, sha256)])
    book.remember(task)
    contested.place(task)
    task.phase = 'ready'
    batch.queues.add(task)
    const next = (contest: Contest) => batch.queues.of(contest).get('draw')?.peek()
    world.silent.add('b').add('c')
    judge()
    expect([next(FIRM), next(CONTESTED), next(ORPHANED)]).toEqual([undefined, undefined, task])
    world.silent.clear()
    contested.compared('b')
    contested.compared('c')
    judge()
    expect([next(FIRM), next(CONTESTED), next(ORPHANED)]).toEqual([task, undefined, undefined])
  })

  test('have another order on each node', () => {
    const ids = Array.from({ length: 50 }, (_, index) => index.toString(16).padStart(32, '0'))
    const order = (node: string) => ids.toSorted((a, b) => shuffleOf(node, a) - shuffleOf(node, b))
    expect(order('a')).not.toEqual(order('b'))
    expect(
      order('a')
        .slice(0, 10)
        .filter((id) => order('b').slice(0, 10).includes(id)).length,
    ).toBeLessThan(8)
  })
})
