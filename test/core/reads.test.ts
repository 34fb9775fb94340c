/** Reads of whole slots from the store of this node. */
import { expect, test } from 'vitest'
import { Reads } from '../../src/core/reads.ts'
import { CoreBench, seededFact, stored, taskIn } from '../support/core-bench.ts'
import { PartWorld } from '../support/part-world.ts'

const RUNS = [{ from: 1, to: 3 }]
const DIGEST = { slot: 1, count: 1, xor: 'aa'.repeat(16) }

function setUp() {
  const world = new PartWorld(['a'])
  const reads = new Reads(world)
  const heard: unknown[] = []
  const loads = () => [...world.effectsOf('read-digests'), ...world.effectsOf('read-slot')].map(({ load }) => load)
  return { world, reads, heard, loads }
}

test('each answer goes to who asked, once', () => {
  const { reads, heard, loads } = setUp()
  reads.digests(RUNS, (digests) => heard.push(digests))
  reads.slot(1, (facts) => heard.push(facts))
  const [digests, slot] = loads() as [number, number]
  expect([digests === slot, reads.idle]).toEqual([false, false])
  const facts = [stored(seededFact(taskIn(1)))]
  reads.slotRead(slot, facts)
  reads.slotRead(slot, facts)
  reads.digestsRead(slot, [DIGEST])
  reads.digestsRead(digests, [DIGEST])
  reads.digestsRead(digests, [DIGEST])
  expect([heard, reads.idle]).toEqual([[facts, [DIGEST]], true])
})

test('a read that failed is asked for again, under its number', () => {
  const { world, reads, heard, loads } = setUp()
  reads.digests(RUNS, (digests) => heard.push(digests))
  reads.slot(7, () => heard.push('slot'))
  const [digests, slot] = loads() as [number, number]
  expect([reads.failed(digests), reads.failed(slot), reads.failed(999)]).toEqual([true, true, false])
  expect(world.effectsOf('read-digests')).toMatchObject([{ slots: RUNS }, { load: digests, slots: RUNS }])
  expect(world.effectsOf('read-slot')).toMatchObject([{ slot: 7 }, { load: slot, slot: 7 }])
  reads.digestsRead(digests, [])
  reads.slotRead(slot, [])
  expect(heard).toEqual([[], 'slot'])
})

test('a read sees what was written before it was asked for', () => {
  const bench = new CoreBench(['a', 'b'], { owns: false })
  const counts: number[] = []
  bench.parts.copies.keep([stored(seededFact(taskIn(1)))])
  bench.parts.reads.slot(1, (facts) => counts.push(facts.length))
  bench.parts.reads.digests(RUNS, (digests) => counts.push(digests.length))
  bench.settle()
  expect(counts).toEqual([1, 1])
})
