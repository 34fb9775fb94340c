/** The ballots that a disk has promised: which epoch of which node each slot is promised to. */
import type { NodeId } from '../../src/core/ids.ts'
import type { BallotRun } from '../../src/core/messages.ts'

export interface Ballot {
  readonly epoch: number
  readonly node: NodeId
}

const NOBODY: Ballot = { epoch: 0, node: '' }

export function isLower(a: Ballot, b: Ballot): boolean {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.node < b.node)
}

export class Promises {
  /** Ascending and apart. */
  readonly #runs: readonly BallotRun[]

  constructor(runs: readonly BallotRun[]) {
    this.#runs = [...runs].sort((a, b) => a.from - b.from)
  }

  of(slot: number): Ballot {
    let [low, high] = [0, this.#runs.length - 1]
    while (low <= high) {
      const middle = (low + high) >> 1
      const run = this.#runs[middle] as BallotRun
      if (slot < run.from) high = middle - 1
      else if (slot > run.to) low = middle + 1
      else return run
    }
    return NOBODY
  }

  /** The first slot that was promised to a higher ballot before; undefined where there is none. */
  loweredSince(before: Promises): number | undefined {
    for (const { from, to, ...ballot } of before.#runs) {
      for (let slot = from; slot <= to; ) {
        const run = this.#runAt(slot)
        if (isLower(run ?? NOBODY, ballot)) return slot
        slot = (run?.to ?? slot) + 1
      }
    }
    return undefined
  }

  #runAt(slot: number): BallotRun | undefined {
    const found = this.of(slot)
    return found === NOBODY ? undefined : (found as BallotRun)
  }
}
