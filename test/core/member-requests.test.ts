/** What an operator says of members: synced on a second node before it is answered; the living come back. */
import { describe, expect, test } from 'vitest'
import { CalmWorld } from '../simulation/calm-world.ts'
import { machine } from '../simulation/cases.ts'

function mesh(count: number): CalmWorld {
  return new CalmWorld({ machines: Array.from({ length: count }, () => machine(1_000)), tasks: 10 }).run(40_000)
}

describe('forgetting a member', () => {
  test('is answered once another node has it on its disk, and gives its slots to others', () => {
    const three = mesh(3)
    three.node(2).powerOff()
    three.run(30_000)
    const reply = three.ask(0, { type: 'forget', node: three.node(2).id })
    expect(reply).toMatchObject({ type: 'answer', value: { member: { standing: 'forgotten' }, copies: 2 } })
    expect(three.entry(1, 2)?.standing).toBe('forgotten')
    three.run(10_000)
    const view = three.node(0).core?.view()
    expect(view?.whole).toBe(true)
    expect(view?.members.find(({ id }) => id === three.node(2).id)).toMatchObject({
      standing: 'forgotten',
      state: 'unknown',
      deadSinceMs: undefined,
    })
  })

  test('says that there is one copy where no other node can store it', () => {
    const two = mesh(2)
    two.node(1).powerOff()
    two.run(30_000)
    const reply = two.ask(0, { type: 'forget', node: two.node(1).id })
    expect(reply).toMatchObject({ type: 'answer', value: { copies: 1 } })
  })

  test('does not last where the member lives: it takes a higher incarnation', () => {
    const three = mesh(3)
    const before = three.entry(0, 2)?.incarnation ?? 0
    three.ask(0, { type: 'forget', node: three.node(2).id })
    three.run(10_000)
    for (const index of [0, 1, 2])
      expect(three.entry(index, 2)).toMatchObject({ standing: 'joined', incarnation: before + 1 })
    expect(three.view(0, three.node(2).id)?.state).toBe('alive')
  })

  test('is refused for the node that is asked, and for one that nobody knows', () => {
    const two = mesh(2)
    expect(two.ask(0, { type: 'forget', node: two.node(0).id })).toMatchObject({ code: 'MESH_BAD_REQUEST' })
    expect(two.ask(0, { type: 'forget', node: 'nobody' })).toMatchObject({ code: 'MESH_MEMBER_UNKNOWN' })
  })
})
