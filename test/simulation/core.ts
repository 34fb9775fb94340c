/** The machine under test, as the simulator drives it: the real core, or a small fake in the simulator's own tests. */
import type { Effect } from '../../src/core/effects.ts'
import type { Event } from '../../src/core/events.ts'
import type { NodeId } from '../../src/core/ids.ts'
import { MeshCore, type MeshCoreOptions } from '../../src/core/mesh-core.ts'
import type { CoreView } from '../../src/core/view.ts'

export interface Core {
  step(event: Event, nowMs: number): readonly Effect[]
  view(): CoreView
  /** Whether a member is held for alive; whether this node owns a slot. */
  isUp?(id: NodeId): boolean
  serves?(slot: number): boolean
}

/** What a core is made with: all of its surroundings that are not events. */
export interface CoreOptions extends MeshCoreOptions {
  /** In [0, 1). */
  readonly random: () => number
}

export type CoreFactory = (options: CoreOptions) => Core

export const realCore: CoreFactory = (options) => new MeshCore(options)
