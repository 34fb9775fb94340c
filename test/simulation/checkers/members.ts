/** The members as one disk has them. */
import type { NodeId } from '../../../src/core/ids.ts'
import type { SimNode } from '../process.ts'

interface Known {
  readonly version: number
  readonly members: readonly NodeId[]
}
const known = new WeakMap<SimNode, Known>()

/** Members of the ring, ascending; a node that knows of no mesh is one of its own. */
export function membersOn(node: SimNode): readonly NodeId[] {
  const version = node.disk.membersVersion
  const last = known.get(node)
  if (last?.version === version) return last.members
  const members = findMembers(node)
  known.set(node, { version, members })
  return members
}

function findMembers(node: SimNode): readonly NodeId[] {
  const ids: NodeId[] = []
  for (const { id, standing } of node.disk.members.values())
    if (standing === 'joined' || standing === 'away') ids.push(id)
  return ids.length === 0 ? [node.id] : ids.sort()
}

/** Those among them that are away. */
export function awayOn(node: SimNode): ReadonlySet<NodeId> {
  return new Set([...node.disk.members.values()].filter(({ standing }) => standing === 'away').map(({ id }) => id))
}
const lists = new WeakMap<SimNode, { readonly version: number; readonly list: string }>()

/** The whole list, for comparing: left and forgotten nodes too. */
export function memberListOn(node: SimNode): string {
  const version = node.disk.membersVersion
  const last = lists.get(node)
  if (last?.version === version) return last.list
  const list = findMemberList(node)
  lists.set(node, { version, list })
  return list
}

function findMemberList(node: SimNode): string {
  const lines = [...node.disk.members.values()].map(
    ({ id, incarnation, standing }) => `${id} ${incarnation} ${standing}`,
  )
  return lines.sort().join('\n')
}
