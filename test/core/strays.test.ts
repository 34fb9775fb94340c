/** Facts on nodes that are not on the lists of their slots: they go once two who are have them, and not before. */
import { describe, expect, test } from 'vitest'
import { referenceRing } from '../simulation/checkers/reference-ring.ts'
import { CoreMesh, type MeshNode } from '../support/core-mesh.ts'

const IDS = ['a', 'b', 'c', 'd', 'e']
const TASKS = 40
const MINUTE_MS = 60_000

/** One node has a batch that nobody works on, and then meets four others. */
function meeting(beforeTheyMeet: (others: readonly MeshNode[]) => void = () => undefined) {
  const mesh = new CoreMesh(IDS, false)
  const [first, ...others] = mesh.nodes as [MeshNode, ...MeshNode[]]
  const { id } = mesh.batch(first, 'rest')
  mesh.ask(first, { type: 'set-batch', batch: id, change: { paused: true } })
  mesh.seed(first, id, TASKS)
  beforeTheyMeet(others)
  mesh.connectAll()
  return { mesh, first, others, id }
}

function tasksOn(node: MeshNode): string[] {
  return [...new Set(Array.from(node.disk.facts.all(), ({ task }) => task))].sort()
}

/** Tasks of slots on whose list the node is. */
function listedTasks(node: MeshNode, among: Iterable<string>): string[] {
  const ring = referenceRing(IDS)
  return [...among].filter((task) => ring.list(Number.parseInt(task.slice(0, 4), 16) >>> 2).includes(node.id)).sort()
}

describe('strays', () => {
  test('are dropped where they are not listed, and nowhere else', () => {
    const { mesh, first } = meeting()
    const all = tasksOn(first)
    mesh.advance(MINUTE_MS)
    expect(tasksOn(first)).toEqual(all)
    mesh.advance(5 * MINUTE_MS)
    expect(listedTasks(first, all).length).toBeLessThan(TASKS)
    for (const node of mesh.nodes) expect(tasksOn(node)).toEqual(listedTasks(node, all))
  })

  test('stay while fewer than two of their list have them on disk', () => {
    const { mesh, first, others } = meeting((each) => {
      for (const node of each.slice(1)) node.held = true
    })
    const all = tasksOn(first)
    mesh.advance(6 * MINUTE_MS)
    expect(tasksOn(first)).toEqual(all)
    for (const node of others) mesh.release(node)
    mesh.advance(6 * MINUTE_MS)
    expect(tasksOn(first)).toEqual(listedTasks(first, all))
  })

  test('stay while fewer than two of their list are connected', () => {
    const { mesh, first, others } = meeting()
    const all = tasksOn(first)
    mesh.advance(30_000)
    for (const node of others.slice(1)) mesh.disconnect(first, node)
    mesh.advance(5 * MINUTE_MS)
    expect(tasksOn(first)).toEqual(all)
  })

  test('stay while the member list goes on changing', () => {
    const { mesh, first, others } = meeting()
    const all = tasksOn(first)
    for (let times = 0; times < 6; times++) {
      mesh.advance(45_000)
      mesh.restart(others.at(-1) as MeshNode)
      mesh.connectAll()
    }
    expect(tasksOn(first)).toEqual(all)
    mesh.advance(6 * MINUTE_MS)
    expect(tasksOn(first)).toEqual(listedTasks(first, all))
  })

  test('stay on a node that cannot write', () => {
    const { mesh, first } = meeting()
    const all = tasksOn(first)
    mesh.advance(30_000)
    mesh.post(first, { type: 'storage', problem: 'failing' })
    mesh.advance(5 * MINUTE_MS)
    expect(tasksOn(first)).toEqual(all)
    mesh.post(first, { type: 'storage', problem: undefined })
    mesh.advance(5 * MINUTE_MS)
    expect(tasksOn(first)).toEqual(listedTasks(first, all))
  })

  test('are offered to their list where the owner did not fetch them', () => {
    const { mesh, first, others } = meeting()
    const all = tasksOn(first)
    mesh.advance(6 * MINUTE_MS)
    const [lost] = all.filter((task) => !listedTasks(first, all).includes(task))
    const facts = others.flatMap(({ disk }) => [...disk.facts.all()]).filter(({ task }) => task === lost)
    for (const fact of facts) first.disk.facts.add(fact)
    for (const { disk } of others) for (const fact of facts) disk.facts.remove(fact)
    mesh.advance(12 * MINUTE_MS)
    for (const node of mesh.nodes) expect(tasksOn(node)).toEqual(listedTasks(node, all))
  })

  test('leave nothing behind that a node would take for its own: their rows are seeded again in vain', () => {
    const { mesh, first, id } = meeting()
    mesh.advance(30_000)
    const inVain = { type: 'answer', value: { type: 'intake', new: 0, existing: TASKS } }
    expect(first.replies.get(mesh.seed(first, id, TASKS))).toMatchObject(inVain)
    mesh.advance(6 * MINUTE_MS)
    expect(first.replies.get(mesh.seed(first, id, TASKS))).toMatchObject(inVain)
    expect(first.told('rest')?.counts.total).toBe(TASKS)
  })
})
