/**
 * Makes a failing run smaller as long as it fails by the same rule: fewer tasks, fewer nodes, planes off one by one,
 * then fewer faults (ddmin; Zeller and Hildebrandt, 2002), then shorter ones.
 *
 * 1. What comes out fails by the same rule as what went in.
 * 2. It ends after `runsMax` runs at the latest.
 */
import type { Fault } from './faults.ts'
import { optionsOf, type Replay } from './replay.ts'
import { runSeed, type Violation } from './run.ts'

export class Shrinking {
  readonly #rule: string
  readonly #runsMax: number
  #smallest: Replay
  runs = 0

  constructor(failing: Replay, rule: string, runsMax: number) {
    this.#smallest = failing
    this.#rule = rule
    this.#runsMax = runsMax
  }

  shrink(): Replay {
    this.#fewerTasks()
    this.#fewerNodes()
    this.#fewerPlanes()
    this.#fewerFaults()
    this.#fewerTasks()
    this.#shorterFaults()
    return this.#smallest
  }

  /** Takes over what still fails; answers whether it does. */
  #try(smaller: Partial<Replay>): boolean {
    if (this.runs >= this.#runsMax) return false
    this.runs++
    const candidate = { ...this.#smallest, ...smaller }
    const violation = this.#violationOf(candidate)
    if (violation === undefined) return false
    this.#smallest = { ...candidate, violation }
    return true
  }

  #violationOf(candidate: Replay): Violation | undefined {
    return runSeed({ ...optionsOf(candidate), until: this.#rule }).violations.find(({ rule }) => rule === this.#rule)
  }

  #fewerTasks(): void {
    for (let tasks = 1; tasks < this.#smallest.tasks; tasks *= 2) if (this.#try({ tasks })) return
  }

  #fewerNodes(): void {
    for (let nodes = 1; nodes < this.#smallest.nodes; nodes++) {
      const faults = this.#smallest.faults.filter((fault) => isWithin(fault, nodes))
      if (this.#try({ nodes, faults })) return
    }
  }

  #fewerPlanes(): void {
    for (const plane of this.#smallest.planes)
      this.#try({ planes: this.#smallest.planes.filter((each) => each !== plane) })
  }

  #fewerFaults(): void {
    if (this.#try({ faults: [] })) return
    let parts = 2
    while (this.#smallest.faults.length > 1 && this.runs < this.#runsMax) {
      const { faults } = this.#smallest
      const size = Math.ceil(faults.length / parts)
      let isSmaller = false
      for (let from = 0; from < faults.length && !isSmaller; from += size)
        isSmaller = this.#try({ faults: [...faults.slice(0, from), ...faults.slice(from + size)] })
      if (isSmaller) parts = Math.max(2, parts - 1)
      else if (size === 1) return
      else parts = Math.min(faults.length, 2 * parts)
    }
  }

  #shorterFaults(): void {
    for (let at = 0; at < this.#smallest.faults.length; at++) {
      const fault = this.#smallest.faults[at] as Fault
      if (!('forMs' in fault)) continue
      const shorter = { ...fault, forMs: fault.forMs / 4 }
      this.#try({ faults: this.#smallest.faults.with(at, shorter) })
    }
  }
}

/** Whether a fault names no node beyond that many. */
function isWithin(fault: Fault, nodes: number): boolean {
  if (fault.kind === 'clone' && nodes === 1) return false
  const named: number[] = []
  if ('node' in fault) named.push(fault.node)
  if ('a' in fault) named.push(fault.a, fault.b)
  if (fault.kind === 'cut') named.push(...fault.from, ...fault.to)
  if (fault.kind === 'split') named.push(...fault.groups.flat())
  if (fault.kind === 'cut-pairs') named.push(...fault.pairs.flat())
  if (fault.kind === 'swizzle') named.push(...fault.out)
  return named.every((node) => node < nodes)
}
