/**
 * "Sometimes": rare states that a simulation must reach, or it proves nothing about them; and which worlds can.
 *
 * 1. Worlds are told apart by how many machines they have, those that may join counted: a seed of 2 nodes has 3.
 * 2. A long run must reach what its worlds can; where a thousand seeds reach it by accident only, the table says why,
 *    and does not ask for it.
 */

/** Fewest machines, and most where larger worlds reach it by accident only. */
type Reach = number | readonly [fewest: number, most: number]

export const SOMETIMES = {
  'ended after lost': 1,
  'late success after CANCELLED': 1,
  'chosen written': 1,
  'closed: attempts used up': 1,
  'closed: bad input': 1,
  'closed: poison': 1,
  'lost: holder restarted': 1,
  'lost: deadline passed': 1,
  'completed after its end was asked for': 1,
  'ended before it was started': 1,
  'attempt returned': 1,
  'profile rests or is closed': 1,
  retried: 1,
  'cancelled one by one': 1,
  'rows seeded that were there': 1,
  'refused: disk full': 1,
  'refused: stopping': 1,
  'request lost with its node': 1,
  'writes under way at a crash': 1,
  'crash between two effects of a step': 1,
  'crash while a claim was under way': 1,
  'read failed': 1,
  // In a mesh, where slots are counted from their facts, every copy of a prompt must be damaged.
  'index read anew': [1, 1],
  'tallies counted anew': 1,
  'slot corrected': 1,
  'tasks loaded from disk': 1,
  'batch lost with its disk': 1,
  'batch record fetched or made again': 1,
  'events waited while frozen': 1,
  'batch deleted': 1,
  'batch made again after its deletion': 1,
  'lone task run': 1,
  'paused task withheld': 1,

  // A node alone does again what it has given up only where another place is free, since the first execution keeps its
  // own until it ends: one seed in a thousand.
  'late success after FAILED': 2,
  'two completions of a task': 2,

  // Of an owner, a holder and whoever comes after the owner two can be one.
  'slot taken over': 2,
  'takeover while a claim is under way': 2,
  'promise refused': 2,
  'NOT_OWNER said': 2,
  'facts refused under a lower ballot': 2,
  'slots differ and are exchanged': 2,
  'outbox replayed after a restart': 2,
  'granted to another node': 2,
  'claim parked': 2,
  'parked claim served': 2,
  'told that there is work': 2,
  'lease renewed at a reconnect': 2,
  'killed from afar': 2,
  'lost: holder dead': 2,
  'lost: never renewed': 2,
  'two attempts at once': 2,
  'speculation won': 2,
  'orphaned slot granted': 2,
  'strict withheld': 2,
  'breaker opened': 2,
  'breaker tried one': 2,
  left: 2,
  forgotten: 2,
  'hello refused: cloned': 2,
  'told of another boot that started alike': 2,
  'left for good': 2,
  'came back after it had left': 2,
  'rumour told': 2,
  'row answered from elsewhere': 2,
  'gossip heard while streams are cut': 2,
  'facts of a deleted batch refused': 2,
  'two owners of a slot at once': 2,
  'quorum lost for longer than a lease': 2,
  'steal crossed with a completion': 2,
  'attempt adopted and kept': 2,

  // A third passes something on, or makes a majority.
  'probed for another, reached': 3,
  'probed for another, not reached': 3,
  'message relayed': 3,
  'ended relayed': 3,
  'contested slot granted': 3,
  'away marked': 3,
  'ended by a dead owner arrives at the next': 3,
  'completion on one of three disks at a crash': 3,

  // A list has three nodes: the fourth is on it no more. Two meshes have two nodes each.
  'stand-in used': 4,
  'strays dropped': 4,
  'meshes merged': 4,
} as const satisfies { readonly [state: string]: Reach }

export type Sometimes = keyof typeof SOMETIMES

/** What a world of so many machines can reach. */
export function reachableBy(machines: number): Sometimes[] {
  return (Object.keys(SOMETIMES) as Sometimes[]).filter((state) => {
    const reach: Reach = SOMETIMES[state]
    const [fewest, most] = typeof reach === 'number' ? [reach, Number.POSITIVE_INFINITY] : reach
    return fewest <= machines && machines <= most
  })
}
