/**
 * Every number that shapes the protocol, each with its unit in its name and what raising it costs.
 *
 * 1. MeshSettings must be equal on all nodes; NodeSettings are each node's own.
 * 2. Every count limit has a byte limit beside it.
 */
export interface MeshSettings {
  /** Longest prompt, UTF-8 bytes. Raising it costs memory for every open task. */
  readonly promptBytesMax: number
  /** Longest parameters of a task, as CBOR bytes. Costs memory for every open task. */
  readonly paramsBytesMax: number
  /** Longest fact, bytes. A fact must fit a frame with room to spare. */
  readonly factBytesMax: number
  /** Longest text result kept inside a fact, bytes; longer text becomes an artifact. */
  readonly resultTextBytesMax: number
  /** Longest error message kept, UTF-16 units. */
  readonly errorMessageMax: number
  /** Most files that one attempt may leave. */
  readonly artifactsMax: number
  /** Attempts of a task that may fail before it is FAILED, unless its batch says otherwise. */
  readonly maxAttempts: number
  /** Attempts of a task in one round, whatever their outcome. */
  readonly attemptsPerRoundMax: number
  /** Losses blamed on a task before it runs alone on its node. */
  readonly blamedLossesAlone: number
  /** Blamed losses after which the task is closed as poison. */
  readonly blamedLossesMax: number
  /** First pause before another attempt; doubles with each failure. */
  readonly backoffMs: number
  readonly backoffMsMax: number
  /** A member dead for so long is marked away: others take its places. Raising it leaves slots with fewer copies for longer. */
  readonly awayMs: number
  /** The same where a slot has one storing copy without it. */
  readonly awayAloneMs: number
  /**
   * What a node does with slots that another side of a split may be at work on: `work` grants their tasks when there is
   * nothing else to do, at the cost of some executions twice; `strict` never, at the cost of work that stands still.
   */
  readonly partition: 'work' | 'strict'
}

export const MESH_SETTINGS: MeshSettings = {
  promptBytesMax: 65_536,
  paramsBytesMax: 65_536,
  factBytesMax: 262_144,
  resultTextBytesMax: 65_536,
  errorMessageMax: 4_096,
  artifactsMax: 64,
  maxAttempts: 3,
  attemptsPerRoundMax: 32,
  blamedLossesAlone: 2,
  blamedLossesMax: 5,
  backoffMs: 1_000,
  backoffMsMax: 60_000,
  awayMs: 3_600_000,
  awayAloneMs: 600_000,
  partition: 'work',
}

/** How this node runs a profile, as far as the core must know. */
export interface ProfileSettings {
  /** Attempts of this profile that may run at a time on this node. */
  readonly places: number
  /** Longest run of an attempt; 'auto': as this node has seen the profile (time-limits.ts). */
  readonly timeoutMs: number | 'auto'
}

export interface NodeSettings {
  readonly profiles: { readonly [name: string]: ProfileSettings }
  /** Open tasks that seeding may keep in memory; about 2 KiB each. More are read back from the store when needed. */
  readonly openTasksMax: number
  /** The byte limit beside openTasksMax: prompts and parameters held in memory. */
  readonly openTasksBytesMax: number
  /** Tasks read from the store at a time when few are left in memory. */
  readonly pageTasks: number
  /** The least automatic timeout. */
  readonly autoTimeoutMsMin: number
  /** The least automatic limit of a task's first attempt. */
  readonly briefTimeoutMsMin: number
  /** The automatic timeout before any attempt of the profile has ended here: a model may have to load first. */
  readonly firstTimeoutMs: number
  /** Idle for so long this node takes up tasks of orphaned slots. Raising it leaves a lone survivor idle for longer. */
  readonly orphanAfterMs: number
}

export const NODE_SETTINGS: NodeSettings = {
  profiles: {},
  openTasksMax: 10_000,
  openTasksBytesMax: 64 * 1024 * 1024,
  pageTasks: 1_000,
  autoTimeoutMsMin: 60_000,
  briefTimeoutMsMin: 10_000,
  firstTimeoutMs: 900_000,
  orphanAfterMs: 60_000,
}
