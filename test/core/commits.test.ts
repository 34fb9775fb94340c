/** What happens after which sync, against a naive list of what waits. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Commits, type Copying } from '../../src/core/commits.ts'
import type { Effect } from '../../src/core/effects.ts'
import { seededFact, stored, taskIn } from '../support/core-bench.ts'

const FACT = stored(seededFact(taskIn(0)))

/** Commits of a step; gives the ticket. */
function take(commits: Commits): number | undefined {
  const effect = commits.take() as Extract<Effect, { type: 'persist' }> | undefined
  return effect?.ticket
}

class Copier implements Copying {
  readonly taken: [number, number][] = []
  pendingFrom = Number.POSITIVE_INFINITY
  isAwaited = false
  single = new Set<number>()
  take = (ticket: number, facts: readonly unknown[]): void => void this.taken.push([ticket, facts.length])
  synced = (): void => undefined
  copiesOf = (ticket: number): number => (this.single.has(ticket) ? 1 : 2)
}

describe('the writes of a step', () => {
  test('are one persist effect with the next ticket, and none where there is no write', () => {
    const commits = new Commits()
    expect(take(commits)).toBeUndefined()
    commits.fact(FACT)
    commits.copy(FACT)
    commits.promises([])
    const effect = commits.take()
    expect(effect).toMatchObject({ type: 'persist', ticket: 1, facts: [FACT, FACT], promises: [] })
    expect(take(commits)).toBeUndefined()
    commits.outboxDone('token')
    expect(commits.take()).toMatchObject({ ticket: 2, facts: [], mesh: { outboxDone: ['token'] } })
  })

  test('have the last tally of a batch and slot alone', () => {
    const commits = new Commits()
    const tally = { batch: 'b', slot: 1, total: 1, completed: 0, failed: 0, cancelled: 0, extra: 0 }
    commits.tally(tally)
    commits.tally({ ...tally, slot: 2 })
    commits.tally({ ...tally, total: 2 })
    expect(commits.take()).toMatchObject({ tallies: [{ slot: 1, total: 2 }, { slot: 2 }] })
  })

  test('go to other nodes where this node stated them, not where it only keeps them', () => {
    const commits = new Commits()
    const copier = new Copier()
    commits.copying = copier
    commits.copy(FACT)
    commits.take()
    commits.fact(FACT)
    commits.copy(FACT)
    commits.take()
    expect(copier.taken).toEqual([[2, 1]])
  })
})

describe('what was asked for in a step', () => {
  test('happens when that step is synced here, or committed here and elsewhere, each in its order', () => {
    const commits = new Commits()
    const copier = new Copier()
    commits.copying = copier
    const done: string[] = []
    commits.fact(FACT)
    commits.afterwards(() => done.push('committed'))
    commits.whenStored(() => done.push('stored'))
    copier.pendingFrom = take(commits) ?? 0
    commits.runReady()
    expect(done).toEqual([])
    commits.persisted(1)
    expect(done).toEqual(['stored'])
    copier.pendingFrom = Number.POSITIVE_INFINITY
    commits.runReady()
    expect(done).toEqual(['stored', 'committed'])
  })

  test('waits for the writes of its own step too where it was asked for after them, and else for the earlier ones', () => {
    const commits = new Commits()
    const done: string[] = []
    commits.whenStored(() => done.push('before any write'))
    commits.fact(FACT)
    commits.whenStored(() => done.push('with the write'))
    take(commits)
    commits.whenStored(() => done.push('a step later'))
    commits.runReady()
    expect(done).toEqual(['before any write'])
    commits.persisted(1)
    expect(done).toEqual(['before any write', 'with the write', 'a step later'])
  })

  test('is told on how many nodes what was written in its step is', () => {
    const commits = new Commits()
    const copier = new Copier()
    commits.copying = copier
    const copies: number[] = []
    for (const single of [false, true]) {
      commits.fact(FACT)
      commits.afterwards((count) => copies.push(count))
      const ticket = take(commits) ?? 0
      if (single) copier.single.add(ticket)
    }
    commits.persisted(2)
    expect(copies).toEqual([2, 1])
  })

  test('may ask for more, which happens in its turn', () => {
    const commits = new Commits()
    const done: number[] = []
    commits.whenStored(() => {
      done.push(1)
      commits.whenStored(() => done.push(2))
    })
    commits.runReady()
    expect(done).toEqual([1, 2])
    expect(commits.idle).toBe(true)
  })
})

type Move = { readonly kind: 'write' | 'stored' | 'afterwards' | 'step' | 'sync' | 'copied' }
const move: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom('write', 'stored', 'afterwards', 'step', 'sync', 'copied'),
})

test('whatever is written, synced and copied when, nothing happens too early, too late or out of its order', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
      const commits = new Commits()
      const copier = new Copier()
      copier.pendingFrom = 1
      commits.copying = copier
      let [last, persisted, asked] = [0, 0, 0]
      let hasWrite = false
      const done: number[] = []
      const waiting = { stored: [] as [number, number][], afterwards: [] as [number, number][] }
      const expected: number[] = []
      const release = (kind: 'stored' | 'afterwards', limit: number) => {
        while ((waiting[kind][0]?.[0] ?? Number.POSITIVE_INFINITY) <= limit)
          expected.push((waiting[kind].shift() as [number, number])[1])
      }
      for (const { kind } of moves) {
        if (kind === 'write') {
          commits.fact(FACT)
          hasWrite = true
        } else if (kind === 'step') {
          expect(take(commits)).toBe(hasWrite ? ++last : undefined)
          hasWrite = false
        } else if (kind === 'sync') {
          persisted = Math.min(last, persisted + 1)
          commits.persisted(persisted)
        } else if (kind === 'copied') copier.pendingFrom = Math.min(last + 1, copier.pendingFrom + 1)
        else {
          const number = ++asked
          waiting[kind].push([hasWrite ? last + 1 : last, number])
          if (kind === 'stored') commits.whenStored(() => done.push(number))
          else commits.afterwards(() => done.push(number))
        }
        commits.runReady()
        release('stored', persisted)
        release('afterwards', Math.min(persisted, copier.pendingFrom - 1))
        expect(done).toEqual(expected)
        const isIdle = !hasWrite && persisted === last && waiting.stored.length + waiting.afterwards.length === 0
        expect(commits.idle).toBe(isIdle)
      }
    }),
  )
})
