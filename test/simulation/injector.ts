/**
 * Makes faults happen at their times, and takes back what lasts.
 *
 * 1. After `heal` nothing of any fault is left but what it did to disks: wires work, clocks are right, every node runs.
 */
import { CALM_GOSSIP, CALM_LINKS } from './conditions.ts'
import type { Fault, FaultKind, OperatorDeed } from './faults.ts'
import { injectClock, injectDisk } from './inject-machine.ts'
import { injectGossip, injectNetwork } from './inject-network.ts'
import { injectProcess, injectSuspension } from './inject-process.ts'
import { Injection, type InjectionOptions, nothing, type TakeBack } from './injection.ts'
import type { Operators } from './operators.ts'
import type { Target } from './schedule.ts'

const DEEDS: ReadonlySet<FaultKind> = new Set([
  'pause-batch',
  'resume-batch',
  'cancel-batch',
  'uncancel-batch',
  'prefer-batch',
  'delete-batch',
  'cancel-tasks',
  'retry-tasks',
  'seed-again',
  'open-profiles',
  'join',
  'leave',
  'forget',
])

export class Injector {
  readonly #injection: Injection
  readonly #operators: Operators
  /** What lasts now => how it is taken back. */
  readonly #lasting = new Map<Fault, TakeBack>()

  constructor(options: InjectionOptions, operators: Operators) {
    this.#injection = new Injection(options)
    this.#operators = operators
  }

  begin(faults: readonly Fault[]): void {
    const { schedule } = this.#injection.surroundings
    for (const fault of faults) schedule.at(fault.atMs, this.#beginnings, fault)
  }

  readonly #beginnings: Target<Fault> = {
    happen: (fault) => {
      if (this.#injection.healed) return
      this.#tell(fault, true)
      const takeBack = this.#inject(fault)
      if (!('forMs' in fault)) return
      this.#lasting.set(fault, takeBack)
      this.#injection.later(fault.forMs, this.#ends, fault)
    },
  }

  readonly #ends: Target<Fault> = {
    happen: (fault) => {
      const takeBack = this.#lasting.get(fault)
      if (takeBack === undefined) return
      this.#lasting.delete(fault)
      takeBack()
      this.#tell(fault, false)
    },
  }

  #tell(fault: Fault, begins: boolean): void {
    for (const observer of this.#injection.surroundings.observers.of('fault')) observer.fault(fault, begins)
  }

  #inject(fault: Fault): TakeBack {
    if (isDeed(fault)) {
      this.#operators.do(fault)
      return nothing
    }
    switch (fault.kind) {
      case 'cut':
      case 'split':
      case 'flap':
      case 'cut-pairs':
      case 'swizzle':
      case 'reset':
      case 'reset-after':
      case 'slow':
        return injectNetwork(this.#injection, fault)
      case 'gossip-silenced':
      case 'gossip-alone':
        return injectGossip(this.#injection, fault)
      case 'crash':
      case 'crash-after':
      case 'restarts':
      case 'kill-all':
      case 'pause':
      case 'power-cut':
      case 'stop':
      case 'death':
      case 'clone':
        return injectProcess(this.#injection, fault)
      case 'disk-full':
      case 'disk-failing':
      case 'slow-sync':
      case 'reads-fail':
      case 'bit-flips':
      case 'wiped':
      case 'backup':
        return injectDisk(this.#injection, fault)
      case 'drift':
      case 'block':
      case 'suspend':
        return injectClock(this.#injection, fault)
      case 'fails-fast': {
        const { executor } = this.#injection.node(fault.node)
        executor.fastFailure = fault.error
        return () => {
          executor.fastFailure = undefined
        }
      }
      case 'suspended':
        return injectSuspension(this.#injection.node(fault.node))
    }
  }

  /** Everything that lasts ends now, and what is down starts. */
  heal(): void {
    const { surroundings, nodes } = this.#injection
    this.#injection.healed = true
    for (const fault of [...this.#lasting.keys()]) this.#ends.happen(fault)
    surroundings.network.links.calm(CALM_LINKS)
    surroundings.gossip.conditions = CALM_GOSSIP
    surroundings.discovery.conditions = { lost: 0, firstMsMax: 1_000, everyMs: 10_000 }
    for (const node of nodes) {
      node.armed = undefined
      node.executor.calmDown()
      node.setClockRate(1)
      // A machine that never joined does not join now.
      if (node.starts > 0) node.start()
    }
  }
}

function isDeed(fault: Fault): fault is OperatorDeed {
  return DEEDS.has(fault.kind)
}
