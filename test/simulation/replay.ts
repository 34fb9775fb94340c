/**
 * A run written down, small enough to be kept and to be played again.
 *
 * 1. A replay carries its whole scenario: how seeds are drawn may change, and what it plays stays.
 * 2. A condition that came later than the replay is as in a calm world.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { NODE_SETTINGS } from '../../src/core/settings.ts'
import {
  CALM_DISK,
  CALM_EXECUTOR,
  CALM_GOSSIP,
  CALM_LINKS,
  CALM_PROMPTS,
  type Conditions,
  PLANES,
  type Plane,
} from './conditions.ts'
import type { Fault } from './faults.ts'
import { PLANTED, type PlantedName } from './planted.ts'
import { type RunOptions, type RunResult, runScenario, scenarioOf, type Violation } from './run.ts'
import type { Scenario } from './scenario.ts'

export interface Replay {
  /** What went wrong, for people. */
  readonly about?: string
  readonly seed: number
  readonly nodes: number
  readonly tasks: number
  readonly planes: readonly Plane[]
  readonly faults: readonly Fault[]
  readonly planted?: PlantedName
  /** What went wrong when it was written. */
  readonly violation?: Violation
  /** Everything that was drawn then. */
  readonly scenario?: Scenario
}

export function writeReplay(path: string, replay: Replay): void {
  const scenario = scenarioOf(optionsOf(replay))
  const { violation } = replay
  const whole = { about: violation && `${violation.rule}: ${violation.message}`, ...replay, scenario }
  writeFileSync(path, `${JSON.stringify(whole, undefined, 1)}\n`)
}

/** @throws TypeError where the file is no replay */
export function readReplay(path: string): Replay & { readonly scenario: Scenario } {
  const replay = parse(readFileSync(path, 'utf8'))
  if (replay === undefined) throw new TypeError(`${path} is no replay of a simulation`)
  return { ...replay, scenario: { ...replay.scenario, conditions: wholeConditions(replay.scenario.conditions) } }
}

function parse(text: string): (Replay & { readonly scenario: Scenario }) | undefined {
  try {
    const replay = JSON.parse(text)
    return isReplay(replay) ? replay : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isReplay(value: unknown): value is Replay & { readonly scenario: Scenario } {
  const { seed, nodes, tasks, planes, faults, planted, scenario } = (value ?? {}) as Partial<Replay>
  const isFaults = (list: unknown): boolean =>
    Array.isArray(list) && list.every((fault) => typeof fault?.kind === 'string' && fault.atMs >= 0)
  return (
    [seed, nodes, tasks].every((each) => Number.isSafeInteger(each)) &&
    Array.isArray(planes) &&
    planes.every((plane) => PLANES.includes(plane)) &&
    isFaults(faults) &&
    (planted === undefined || planted in PLANTED) &&
    scenario !== undefined &&
    Array.isArray(scenario.plans) &&
    Array.isArray(scenario.conditions?.nodes) &&
    isFaults(scenario.faults)
  )
}

function wholeConditions(conditions: Conditions): Conditions {
  return {
    ...conditions,
    links: { ...CALM_LINKS, ...conditions.links },
    gossip: { ...CALM_GOSSIP, ...conditions.gossip },
    disk: { ...CALM_DISK, ...conditions.disk },
    executor: { ...CALM_EXECUTOR, ...conditions.executor },
    prompts: { ...CALM_PROMPTS, ...conditions.prompts },
    nodes: conditions.nodes.map((node) => ({ ...node, settings: { ...NODE_SETTINGS, ...node.settings } })),
  }
}

export function optionsOf({ seed, nodes, tasks, planes, faults, planted }: Replay): RunOptions {
  return { seed, nodes, tasks, planes, faults, ...(planted && { planted }) }
}

/** Plays a replay again, as it was drawn when it was written. */
export function play(replay: Replay & { readonly scenario: Scenario }): RunResult {
  return runScenario(replay.scenario, optionsOf(replay))
}
