/** What a node says of itself all the time, in beats and by gossip. */
import { describe, expect, test } from 'vitest'
import { decodeMessage } from '../../src/codec/messages.ts'
import { MeshBeats } from '../../src/core/mesh-beats.ts'
import { CoreBench, taskIn } from '../support/core-bench.ts'

const OWN = { incarnation: 1, membersHash: 'aa'.repeat(8), batchesHash: 'bb'.repeat(8) }

function setUp(members: readonly string[] = ['a', 'b', 'c']) {
  const bench = new CoreBench(members)
  const beats = new MeshBeats(bench.world, bench.parts.load)
  let at = 0
  /** The row says something else from now on. */
  const change = () => {
    bench.seed([taskIn(++at)])
    bench.world.advance(250)
  }
  const beat = (peer: string, own = OWN) => {
    const message = decodeMessage(beats.to(peer, own))
    if (message.type !== 'beat') throw new Error('no beat')
    return message
  }
  return { bench, world: bench.world, beats, change, beat }
}

describe('a beat', () => {
  test('says that this node lives and stores, and the hashes of what all share', () => {
    const { world, beat } = setUp()
    expect(beat('b')).toMatchObject({ ...OWN, boot: world.boot, storing: true })
    world.storing = false
    expect(beat('b', { ...OWN, incarnation: 2, membersHash: 'cc'.repeat(8) })).toMatchObject({
      incarnation: 2,
      membersHash: 'cc'.repeat(8),
      storing: false,
    })
  })

  test('carries the row where that changed since the last on the same connection', () => {
    const { beats, change, beat } = setUp()
    const rows = [beat('b'), beat('b'), beat('c')].map(({ load }) => load !== undefined)
    expect(rows).toEqual([true, false, true])
    change()
    expect([beat('b').load?.seq, beat('b').load]).toEqual([2, undefined])
    beats.connected('b')
    expect([beat('b').load?.seq, beat('c').load?.seq]).toEqual([2, 2])
  })

  test('that goes through a third node has no row', () => {
    const { beats, world } = setUp()
    expect(beats.plain(OWN)).toEqual({ type: 'beat', boot: world.boot, storing: true, ...OWN, load: undefined })
  })

  test('is encoded once for all who hear the same', () => {
    const { beats, change } = setUp()
    const [first, second] = [beats.to('b', OWN), beats.to('c', OWN)]
    expect(second).toBe(first)
    expect(beats.to('b', OWN)).toBe(beats.to('c', OWN))
    change()
    expect(beats.to('b', OWN)).not.toBe(first)
    expect(beats.to('b', { ...OWN, batchesHash: 'dd'.repeat(8) })).not.toBe(beats.to('c', OWN))
  })
})

describe('the row is gossiped', () => {
  test('once when it changed, at most once a second, and unchanged every ten seconds', () => {
    const { world, beats, change } = setUp()
    expect(beats.gossipedRow()?.seq).toBe(1)
    world.advance(9_999)
    expect(beats.gossipedRow()).toBeUndefined()
    world.advance(1)
    expect(beats.gossipedRow()?.seq).toBe(1)
    change()
    expect(beats.gossipedRow()).toBeUndefined()
    world.advance(750)
    expect(beats.gossipedRow()?.seq).toBe(2)
    expect(beats.gossipedRow()).toBeUndefined()
  })

  test('less often in a large mesh', () => {
    const { world, beats, change } = setUp(Array.from({ length: 400 }, (_, at) => `n${at}`))
    beats.gossipedRow()
    change()
    world.advance(3_749)
    expect(beats.gossipedRow()).toBeUndefined()
    world.advance(1)
    expect(beats.gossipedRow()).toBeDefined()
  })
})
