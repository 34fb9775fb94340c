/** What a run cost, and what it did. */
import type { World } from './world.ts'

export interface Figures {
  readonly cpuMs: number
  readonly virtualMs: number
  /** Steps of all cores, and effects they gave. */
  readonly steps: number
  readonly effects: number
  readonly tasks: number
  readonly facts: number
  readonly executions: number
  /** Executions beyond the first of each task. */
  readonly repeated: number
  readonly starts: number
  readonly messages: number
  readonly messageBytes: number
  readonly lostMessages: number
  readonly connections: number
  readonly gossips: number
  readonly gossipBytes: number
}

export function figuresOf(world: World, cpu: NodeJS.CpuUsage): Figures {
  const { history, nodes, network, gossip, schedule, pool } = world
  const performed = new Set(history.records.map(({ task }) => task)).size
  return {
    cpuMs: (cpu.user + cpu.system) / 1_000,
    virtualMs: schedule.nowMs,
    steps: nodes.reduce((sum, { steps }) => sum + steps, 0),
    effects: nodes.reduce((sum, { effects }) => sum + effects, 0),
    tasks: pool.tasks.size,
    facts: pool.size,
    executions: history.records.length,
    repeated: history.records.length - performed,
    starts: nodes.reduce((sum, { starts }) => sum + starts, 0),
    messages: network.figures.messages,
    messageBytes: network.figures.bytes,
    lostMessages: network.figures.lost,
    connections: network.figures.connections,
    gossips: gossip.figures.messages,
    gossipBytes: gossip.figures.bytes,
  }
}
