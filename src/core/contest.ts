/**
 * How far another node may be working on the same slot, unheard (protocol.md, section 5).
 *
 * firm: nobody else can. contested: a member that would serve it before this node is silent, or too few of its list are
 * there. orphaned: contested, and fewer than two of its list are there: they cannot be a majority of anything.
 *
 * What makes a slot contested is contested.ts's; these are the words that queues, tasks and claims share.
 */
import type { ClaimKind } from './messages.ts'

export const FIRM = 0
export const CONTESTED = 1
export const ORPHANED = 2
export type Contest = typeof FIRM | typeof CONTESTED | typeof ORPHANED

/** In the order in which their tasks are granted. */
export const CONTESTS = [FIRM, CONTESTED, ORPHANED] as const

/** Tasks of which slots a claim may get. */
export const REACH: Readonly<Record<ClaimKind, Contest>> = {
  work: FIRM,
  contested: CONTESTED,
  orphaned: ORPHANED,
  late: FIRM,
}

/** A number of a task that differs from node to node: FNV-1a over both ids. */
export function shuffleOf(node: string, task: string): number {
  let hash = 0x811c9dc5
  for (const text of [node, task])
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
