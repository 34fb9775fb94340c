/** New seeds of small meshes for each commit. */
import { expect, test } from 'vitest'
import { failuresOf, firstSeed } from './fresh-seeds.ts'

const SIZES = [
  { seeds: 25, nodes: 1, tasks: 100 },
  { seeds: 25, nodes: 2, tasks: 60 },
  { seeds: 150, nodes: 3, tasks: 40 },
]

test.for(SIZES)(
  `$seeds seeds from ${firstSeed()} on keep every promise on $nodes node(s)`,
  { timeout: 240_000 },
  ({ seeds, nodes, tasks }) => expect(failuresOf(seeds, nodes, tasks)).toEqual([]),
)
