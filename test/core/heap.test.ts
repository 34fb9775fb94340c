/** A heap, against a sorted list. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Heap } from '../../src/core/heap.ts'

test('pop gives an item that no other precedes, whatever was pushed and popped before', () => {
  const moves = fc.array(fc.oneof(fc.integer({ min: -20, max: 20 }), fc.constant('pop' as const)), { maxLength: 200 })
  fc.assert(
    fc.property(moves, (all) => {
      const heap = new Heap<number>((a, b) => a < b)
      let reference: number[] = []
      for (const move of all) {
        expect(heap.peek()).toBe(reference[0])
        if (move === 'pop') expect(heap.pop()).toBe(reference.shift())
        else {
          heap.push(move)
          reference = [...reference, move].sort((a, b) => a - b)
        }
        expect(heap.size).toBe(reference.length)
      }
    }),
  )
})

test('every item comes out once, also of those that are equal', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ key: fc.nat(3), id: fc.nat() }), { maxLength: 60 }), (items) => {
      const heap = new Heap<(typeof items)[number]>((a, b) => a.key < b.key)
      for (const item of items) heap.push(item)
      const out = items.map(() => heap.pop())
      expect(new Set(out)).toEqual(new Set(items))
      expect(out.map((item) => item?.key)).toEqual(items.map(({ key }) => key).sort((a, b) => a - b))
      expect([heap.pop(), heap.peek(), heap.size]).toEqual([undefined, undefined, 0])
    }),
  )
})
