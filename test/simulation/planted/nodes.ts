/** Bugs of a node as a whole: what it answers, promises, counts, and when it wakes. */
import { membersOn } from '../checkers/members.ts'
import { referenceRing } from '../checkers/reference-ring.ts'
import type { SimNode } from '../process.ts'
import type { Tamper } from '../surroundings.ts'
import { altered } from '../tampering.ts'
import type { World } from '../world.ts'
import { diceOf } from './dice.ts'

/** Keeps some answers to itself. */
export function answersNothing(world: World): Tamper {
  const random = diceOf(world)
  return {
    effects: (_node, effects) =>
      altered(effects, 'answer', (effect) => (effect.value.type === 'changed' && random.chance(0.5) ? [] : [effect])),
  }
}

/** Writes down lower ballots than it uses. */
export function promisesLess(): Tamper {
  return {
    effects: (_node, effects) =>
      altered(effects, 'persist', (effect) => {
        const promises = effect.promises?.map((run) => ({ ...run, epoch: Math.max(1, run.epoch - 1) }))
        return [{ ...effect, promises }]
      }),
  }
}

/** Counts one completed task too many now and then. */
export function miscounts(world: World): Tamper {
  const random = diceOf(world)
  return {
    effects: (_node, effects) =>
      altered(effects, 'persist', (effect) => {
        const tallies = effect.tallies.map((tally) =>
          random.chance(0.05) ? { ...tally, completed: tally.completed + 1 } : tally,
        )
        return [{ ...effect, tallies }]
      }),
  }
}

/** One node has the points of the ring elsewhere. */
export function hasAnotherRing(world: World): Tamper {
  const isPoint = (bytes: Uint8Array) => world.nodes.some(({ id }) => bytes.length === id.length + 4)
  return {
    core(node, options) {
      if (node.index !== 0) return options
      const { sha256 } = options
      return { ...options, sha256: (bytes) => (isPoint(bytes) ? [...sha256(bytes)].reverse().join('') : sha256(bytes)) }
    },
  }
}

/** Depends on what is in no seed. */
export function rollsItsOwnDie(): Tamper {
  return { effects: (_node, effects) => effects.filter(({ type }) => type !== 'notice' || Math.random() < 0.5) }
}

/** Forgets to ask to be woken. */
export function oversleeps(world: World): Tamper {
  const random = diceOf(world)
  return {
    effects: (_node, effects) => altered(effects, 'wake', (effect) => (random.chance(0.5) ? [] : [effect])),
  }
}

/** Answers for a batch only where it was seeded. */
export function answersAtHome(world: World): Tamper {
  const isHome = (index: number, batch: string) => {
    const name = world.nodes[index]?.disk.batch(batch)?.name
    return world.scenario.plans.some((plan) => plan.name === name && plan.nodes.includes(index))
  }
  return {
    effects: (node, effects) =>
      altered(effects, 'answer', (effect) => {
        const asked = world.desk.asked(effect.request)
        return asked?.type === 'set-batch' && !isHome(node.index, asked.batch) ? [] : [effect]
      }),
  }
}

/** One node alone counts too many. */
export function miscountsAtOne(world: World): Tamper {
  const { effects } = miscounts(world)
  return { effects: (node, given, event) => (node.index === 0 ? (effects?.(node, given, event) ?? given) : given) }
}

/** Never clears its disk of what people deleted. */
export function keepsDeleted(): Tamper {
  return { effects: (_node, effects) => effects.filter(({ type }) => type !== 'clear-batches') }
}

/** Drops what it is not listed for without having asked anybody. */
export function dropsUnconfirmed(world: World): Tamper {
  const random = diceOf(world)
  return {
    effects(node, effects, event) {
      if (event.type !== 'tick' || !random.chance(0.02)) return effects
      const ring = referenceRing(membersOn(node))
      const slots = [...node.disk.facts.slots].filter((slot) => !ring.list(slot).includes(node.id))
      const runs = slots.sort((a, b) => a - b).map((slot) => ({ from: slot, to: slot }))
      return [...effects, { type: 'drop-slots', slots: node.disk.facts.readDigests(runs) }]
    },
  }
}

/** Drops what a fault has taken from another disk, as if that were no reason to keep it. */
export function dropsDamaged(world: World): Tamper {
  const damaged = new Map<number, SimNode>()
  world.watch({
    damaged(node, _damage, lost) {
      for (const { slot } of lost) damaged.set(slot, node)
    },
  })
  return {
    effects(node, effects, event) {
      const slots = [...damaged].filter(([slot, where]) => where !== node && node.disk.facts.digest(slot) !== '')
      if (event.type !== 'tick' || slots.length === 0) return effects
      const runs = slots.map(([slot]) => ({ from: slot, to: slot })).sort((a, b) => a.from - b.from)
      return [...effects, { type: 'drop-slots', slots: node.disk.facts.readDigests(runs) }]
    },
  }
}

/** Goes on with contested slots although people said that it must not. */
export function grantsContested(): Tamper {
  return {
    core: (_node, options) => ({ ...options, settings: { ...options.settings, partition: 'work' } }),
  }
}
