/** A run written down, small enough to be kept and to be played again: seed, options and the list of faults. */
import { readFileSync, writeFileSync } from 'node:fs'
import { PLANES, type Plane } from './conditions.ts'
import type { Fault } from './faults.ts'
import { PLANTED, type PlantedName } from './planted.ts'
import type { RunOptions, Violation } from './run.ts'

export interface Replay {
  readonly seed: number
  readonly nodes: number
  readonly tasks: number
  readonly planes: readonly Plane[]
  readonly faults: readonly Fault[]
  readonly planted?: PlantedName
  /** What went wrong when it was written. */
  readonly violation?: Violation
}

export function writeReplay(path: string, replay: Replay): void {
  writeFileSync(path, `${JSON.stringify(replay, undefined, 1)}\n`)
}

/** @throws TypeError where the file is no replay */
export function readReplay(path: string): Replay {
  const replay: Replay = JSON.parse(readFileSync(path, 'utf8'))
  const isWhole =
    Number.isSafeInteger(replay.seed) &&
    replay.nodes > 0 &&
    replay.tasks > 0 &&
    replay.planes.every((plane) => PLANES.includes(plane)) &&
    replay.faults.every((fault) => typeof fault.kind === 'string' && fault.atMs >= 0) &&
    (replay.planted === undefined || replay.planted in PLANTED)
  if (!isWhole) throw new TypeError(`${path} is no replay of a simulation`)
  return replay
}

export function optionsOf({ seed, nodes, tasks, planes, faults, planted }: Replay): RunOptions {
  return { seed, nodes, tasks, planes, faults, ...(planted && { planted }) }
}
