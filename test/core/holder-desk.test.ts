/** What a holder tells an owner that did not grant what it holds. */
import { expect, test } from 'vitest'
import { slotOf } from '../../src/core/ids.ts'
import { TaskNamer } from '../../src/core/task-identity.ts'
import { sha256 } from '../simulation/fact-pool.ts'
import { CoreMesh } from '../support/core-mesh.ts'

test('an owner that took slots over counts as running what others perform', () => {
  const mesh = new CoreMesh(['a', 'b', 'c'])
  const [a, b, c] = mesh.nodes as [(typeof mesh.nodes)[0], (typeof mesh.nodes)[0], (typeof mesh.nodes)[0]]
  const batch = mesh.batch(a, 'long').id
  const namer = new TaskNamer(sha256, batch, 'draw')
  const rows = Array.from({ length: 60 }, (_, at) => namer.next({ prompt: `prompt ${at}`, params: {} }))
  const its = rows.filter(({ task }) => c.core.serves(slotOf(task)))
  mesh.ask(a, { type: 'intake', batch, profile: 'draw', rows: its })
  mesh.advance(5_000)
  expect(a.running.size).toBe(2)
  mesh.restart(c)
  mesh.connectAll()
  mesh.advance(60_000)
  const view = a.core.view().batches.find(({ record }) => record.id === batch)
  expect(view).toMatchObject({ running: a.running.size + b.running.size + c.running.size, scheduled: 0 })
})
