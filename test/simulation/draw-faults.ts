/**
 * The faults of a seed.
 *
 * 1. All of them lie in [0, untilMs]; what lasts ends by then.
 * 2. The faults of a plane are a pure function of (seed, plane): switching a plane off leaves the others as they were,
 *    but for what hits machines that join, which only people have join.
 * 3. A fault hits any machine that has been started by then, those that joined included.
 */
import { anyNode, DRAWS, type FaultScope } from './draw-planes.ts'
import { endOf, type Fault } from './faults.ts'
import { Random } from './random.ts'

/** A node that performs what not everyone can, as the first two do; one of them must stay. */
const CAPABLE = 2

/** Ascending by time. */
export function drawFaults(scope: FaultScope): Fault[] {
  const joins = drawJoins(scope)
  // They join in the order of their numbers, so that those that are there are always the first ones.
  const at = (atMs: number): FaultScope => ({
    ...scope,
    nodes: scope.nodes + joins.filter((join) => join.atMs < atMs).length,
  })
  const faults = scope.planes.flatMap((plane) => {
    const random = new Random(scope.seed, `faults ${plane}`)
    const draws = DRAWS[plane]
    if (draws.length === 0) return []
    // Some seeds have few kinds of faults, so that one kind is not always in the way of another.
    const kinds = random.chance(0.5) ? draws : random.shuffled(draws).slice(0, 1 + random.below(draws.length))
    const count = Math.round(random.spread(1, (30 * scope.untilMs) / 300_000))
    return Array.from({ length: count }, () => {
      const draw = random.pick(kinds)
      const atMs = random.between(0, scope.untilMs)
      return draw(random, at(atMs), atMs)
    })
  })
  const deaths = drawDeath(scope, at)
  faults.push(...joins, ...deaths, ...drawLeaves(scope, at, deaths), ...drawDivision(scope))
  // Of a node alone nobody can tell a copy.
  const fits = faults.filter((fault) => endOf(fault) <= scope.untilMs && (scope.nodes > 1 || fault.kind !== 'clone'))
  return fits.sort((a, b) => a.atMs - b.atMs)
}

type ScopeAt = (atMs: number) => FaultScope

function drawJoins({ seed, nodes, joiners, planes, untilMs }: FaultScope): Extract<Fault, { kind: 'join' }>[] {
  if (!planes.includes('operator')) return []
  const random = new Random(seed, 'joins')
  const times = Array.from({ length: joiners }, () => random.between(0, untilMs)).sort((a, b) => a - b)
  return times.map((atMs, index) => ({ kind: 'join', atMs, node: nodes + index }))
}

type Death = Extract<Fault, { kind: 'death' }>

/** One node in some meshes of three and more: the others have what it had, unless other faults took that. */
function drawDeath({ seed, nodes, planes, untilMs }: FaultScope, at: ScopeAt): Death[] {
  const random = new Random(seed, 'death')
  if (nodes < 3 || !planes.includes('process') || !random.chance(0.15)) return []
  const atMs = random.between(0, untilMs)
  return [{ kind: 'death', atMs, node: anyNode(random, at(atMs)) }]
}

/** Nodes of some meshes leave, at any time: what has not ended when faults end goes on. */
function drawLeaves({ seed, nodes, planes, untilMs }: FaultScope, at: ScopeAt, deaths: readonly Death[]): Fault[] {
  const random = new Random(seed, 'leave')
  if (nodes < 2 || !planes.includes('operator') || !random.chance(0.4)) return []
  return Array.from({ length: random.pick([1, 1, 2, 3]) }, () => {
    const atMs = random.between(0, untilMs)
    const node = anyNode(random, at(atMs))
    const isNeeded = node === 0 || (node < CAPABLE && deaths.length > 0)
    const isForGood = random.chance(0.5) && !isNeeded
    const leave = { kind: 'leave', atMs, node } as const
    return isForGood ? leave : { ...leave, backMs: random.spread(1_000, 60_000) }
  })
}

/** Two sides for so long that each knows of it, in most strict meshes whose wires may fail. */
function drawDivision({ seed, nodes, planes, untilMs, strict }: FaultScope): Fault[] {
  const random = new Random(seed, 'division')
  if (!strict || nodes < 3 || !planes.includes('network') || !random.chance(0.8)) return []
  const all = random.shuffled(Array.from({ length: nodes }, (_, index) => index))
  const cut = 1 + random.below(nodes - 1)
  const forMs = random.between(45_000, Math.min(120_000, untilMs))
  const groups = [all.slice(0, cut), all.slice(cut)]
  return [{ kind: 'split', atMs: random.between(0, untilMs - forMs), forMs, groups }]
}
