/** New seeds of larger meshes for each commit, in a process of their own: they take as long as all the small ones. */
import { expect, test } from 'vitest'
import { failuresOf, firstSeed } from './fresh-seeds.ts'

const SIZE = { seeds: 100, nodes: 5, tasks: 100 }

test.for([SIZE])(
  `$seeds seeds from ${firstSeed()} on keep every promise on $nodes nodes`,
  { timeout: 240_000 },
  ({ seeds, nodes, tasks }) => expect(failuresOf(seeds, nodes, tasks)).toEqual([]),
)
