/** The core in worlds that the dice make: `SEEDS=from-to` runs others than the usual ones. */
import { describe, test } from 'vitest'
import { RandomWorld } from '../support/random-worlds.ts'

const [from = 1, to = 12] = (process.env['SEEDS'] ?? '1-12').split('-').map(Number)

describe('whatever happens, a core keeps its promises', () => {
  test.each(['old', 'new', 'drawn'] as const)('with %s reads', { timeout: 600_000 }, (reads) => {
    for (let seed = from; seed <= to; seed++) new RandomWorld(seed, reads).live(400)
  })
})
