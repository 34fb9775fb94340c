/** The members as one disk has them. */
import type { NodeId } from '../../../src/core/ids.ts'
import type { SimNode } from '../process.ts'

/** Members of the ring, ascending; a node that knows of no mesh is one of its own. */
export function membersOn(node: SimNode): NodeId[] {
  const ids: NodeId[] = []
  for (const { id, standing } of node.disk.members.values())
    if (standing === 'joined' || standing === 'away') ids.push(id)
  return ids.length === 0 ? [node.id] : ids.sort()
}

/** Those of them that are away. */
export function awayOn(node: SimNode): Set<NodeId> {
  const away = new Set<NodeId>()
  for (const { id, standing } of node.disk.members.values()) if (standing === 'away') away.add(id)
  return away
}

/** The whole list, for comparing: left and forgotten nodes too. */
export function memberListOn(node: SimNode): string {
  const lines = [...node.disk.members.values()].map(({ id, incarnation, standing }) => `${id} ${incarnation} ${standing}`)
  return lines.sort().join('\n')
}
