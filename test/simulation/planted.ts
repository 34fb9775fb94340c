/**
 * Bugs that are planted between the cores and the world, at least one for each promise and invariant: a checker that
 * none of them sets off proves nothing.
 */
import { encodeMessage } from '../../src/codec/messages.ts'
import type { Event } from '../../src/core/events.ts'
import type { EndedFact, StoredFact } from '../../src/core/facts.ts'
import { makeToken, readToken, type Token } from '../../src/core/ids.ts'
import type { Message } from '../../src/core/messages.ts'
import { messageOf } from './message-reader.ts'
import { Random } from './random.ts'
import type { Tamper } from './surroundings.ts'
import { altered, newFact, withFacts, withMessages } from './tampering.ts'
import type { World } from './world.ts'

interface Planted {
  /** The promise or invariant that it breaks. */
  readonly rule: string
  /** Whether it needs more than one node to show. */
  readonly needsMesh: boolean
  readonly plant: (world: World) => Tamper
}

const dice = (world: World) => new Random(world.scenario.seed, 'planted')

/** Says that writes are on disk which are not. */
function forgetsTasks(world: World): Tamper {
  const random = dice(world)
  const keep = ({ fact }: StoredFact) => fact.kind !== 'seeded' || !random.chance(0.02)
  return { effects: (_node, effects) => withFacts(effects, (facts) => facts.filter(keep)) }
}

/** Writes a batch of facts only in part. */
function tearsWrites(world: World): Tamper {
  const random = dice(world)
  const tear = (facts: readonly StoredFact[]) =>
    facts.length > 1 && random.chance(0.1) ? facts.slice(0, facts.length >> 1) : facts
  return { effects: (_node, effects) => withFacts(effects, tear) }
}

/** Stores what another node replicates to it only now and then, and acknowledges all of it. */
function acknowledgesUnstored(world: World): Tamper {
  const random = dice(world)
  return {
    effects: (_node, effects, event) =>
      isMessage(event, 'facts') && random.chance(0.1) ? withFacts(effects, () => []) : effects,
  }
}

/** Takes a result back once everybody has heard of it. */
function changesItsMind(world: World): Tamper {
  const take = (facts: readonly StoredFact[]) => {
    for (const { task, batch, state } of world.pool.tasks.values()) {
      if (world.restMs === undefined || state?.counts === undefined) continue
      return [...facts, newFact({ kind: 'voided', batch, task, token: state.counts, round: state.round })]
    }
    return facts
  }
  return { effects: (_node, effects) => withFacts(effects, take) }
}

/** Says later that another attempt, which never was, had completed first. */
function findsEarlierCompletions(world: World): Tamper {
  const random = dice(world)
  const seen: EndedFact[] = []
  const add = (facts: readonly StoredFact[]) => {
    const added = [...facts]
    for (const { fact } of facts) if (fact.kind === 'ended' && fact.outcome === 'completed') seen.push(fact)
    if (seen.length === 0 || !random.chance(0.05)) return added
    const { batch, task, token } = random.pick(seen)
    const { epoch, boot } = readToken(token)
    const earlier = { batch, task, token: makeToken(epoch, 0, boot) }
    return [
      ...added,
      newFact({ kind: 'ended', ...earlier, outcome: 'completed', durationMs: 1, result: { files: [] } }),
    ]
  }
  return { effects: (_node, effects) => withFacts(effects, add) }
}

/** Does not hear that some attempts have completed. */
function missesCompletions(world: World): Tamper {
  const random = dice(world)
  const isMissed = (event: Event) =>
    event.type === 'execution-ended' && event.outcome === 'completed' && random.chance(0.03)
  return { event: (_node, event) => (isMissed(event) ? undefined : event) }
}

/** Grants a place and starts nothing in it. */
function startsNothing(world: World): Tamper {
  const random = dice(world)
  return {
    effects: (_node, effects) => altered(effects, 'execute', (effect) => (random.chance(0.3) ? [] : [effect])),
  }
}

/** Writes down that nobody is to blame for a process that ended. */
function blamesNobody(): Tamper {
  const excuse = (stored: StoredFact) => {
    const { fact } = stored
    return fact.kind === 'lost' ? newFact({ ...fact, why: 'deadline-passed' }) : stored
  }
  return { effects: (_node, effects) => withFacts(effects, (facts) => facts.map(excuse)) }
}

/** Says what it has stored twenty times over. */
function chatters(): Tamper {
  const TIMES = 20
  const repeat = (message: Message) =>
    message.type === 'facts' || message.type === 'facts-stored' ? Array<Message>(TIMES).fill(message) : [message]
  return { effects: (_node, effects) => withMessages(effects, repeat) }
}

/** Keeps some answers to itself. */
function answersNothing(world: World): Tamper {
  const random = dice(world)
  return {
    effects: (_node, effects) =>
      altered(effects, 'answer', (effect) => (effect.value.type === 'changed' && random.chance(0.5) ? [] : [effect])),
  }
}

/** Writes down lower ballots than it uses. */
function promisesLess(): Tamper {
  return {
    effects: (_node, effects) =>
      altered(effects, 'persist', (effect) => {
        const promises = effect.promises?.map((run) => ({ ...run, epoch: Math.max(1, run.epoch - 1) }))
        return [{ ...effect, promises }]
      }),
  }
}

/** Takes facts under whatever ballot they come. */
function believesAnyBallot(): Tamper {
  return {
    event(_node, event) {
      if (event.type !== 'received') return event
      const message = messageOf(event.bytes)
      if (message?.type !== 'facts') return event
      const ballots = message.ballots.map((run) => ({ ...run, epoch: run.epoch + 1_000 }))
      return { ...event, bytes: encodeMessage({ ...message, ballots }) }
    },
  }
}

/** Gives one token to two tasks. */
function repeatsTokens(world: World): Tamper {
  const random = dice(world)
  let last: Token | undefined
  const repeat = (stored: StoredFact) => {
    const { fact } = stored
    if (fact.kind !== 'claimed') return stored
    const token = last
    last = fact.token
    return token !== undefined && random.chance(0.02) ? newFact({ ...fact, token }) : stored
  }
  return { effects: (_node, effects) => withFacts(effects, (facts) => facts.map(repeat)) }
}

/** Starts some executions only when 20 s have passed, or people cancel something. */
function startsLate(world: World): Tamper {
  const LATE_MS = 20_000
  const held = new Map<
    unknown,
    { readonly effect: { readonly type: 'execute' }; readonly sinceMs: number; readonly starts: number }[]
  >()
  return {
    effects(node, effects, event) {
      const { nowMs } = world.schedule
      const isCancelled =
        (event.type === 'set-batch' && event.change.cancelled === true) ||
        (event.type === 'change-tasks' && event.change === 'cancel')
      const list = (held.get(node) ?? []).filter(({ starts }) => starts === node.starts)
      const due = list.filter(({ sinceMs }) => isCancelled || nowMs - sinceMs > LATE_MS)
      const kept = list.filter((each) => !due.includes(each))
      const now = altered(effects, 'execute', (effect) => {
        if (kept.length > 0) return [effect]
        kept.push({ effect, sinceMs: nowMs, starts: node.starts })
        return []
      })
      held.set(node, kept)
      return [...now, ...due.map(({ effect }) => effect as (typeof effects)[number])]
    },
  }
}

/** Executes what it has not claimed. */
function claimsNothing(world: World): Tamper {
  const random = dice(world)
  const keep = ({ fact }: StoredFact) => fact.kind !== 'claimed' || !random.chance(0.02)
  return { effects: (_node, effects) => withFacts(effects, (facts) => facts.filter(keep)) }
}

/** Executes some tasks three times at once. */
function executesThrice(world: World): Tamper {
  const random = dice(world)
  return {
    effects: (_node, effects) =>
      altered(effects, 'execute', (effect) => {
        if (!random.chance(0.05)) return [effect]
        const { epoch, seq, boot } = readToken(effect.token)
        const again = (more: number) => ({ ...effect, token: makeToken(epoch, seq + more, boot) })
        return [effect, again(2 ** 40), again(2 ** 41)]
      }),
  }
}

/** Takes failures of tasks for faults of the node. */
function excusesFailures(): Tamper {
  return {
    event: (_node, event) =>
      event.type === 'execution-ended' && event.outcome === 'failed' ? { ...event, outcome: 'returned' } : event,
  }
}

/** Counts one completed task too many now and then. */
function miscounts(world: World): Tamper {
  const random = dice(world)
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
function hasAnotherRing(world: World): Tamper {
  const isPoint = (bytes: Uint8Array) => world.nodes.some(({ id }) => bytes.length === id.length + 4)
  return {
    core(node, options) {
      if (node.index !== 0) return options
      const { sha256 } = options
      return { ...options, sha256: (bytes) => (isPoint(bytes) ? [...sha256(bytes)].reverse().join('') : sha256(bytes)) }
    },
  }
}

/** Gossips more than anybody can take. */
function gossipsBooks(world: World): Tamper {
  const random = dice(world)
  const book = new Uint8Array(70_000)
  return {
    effects: (_node, effects) => (random.chance(0.01) ? [...effects, { type: 'gossip', bytes: book }] : effects),
  }
}

/** Depends on what is in no seed. */
function rollsItsOwnDie(): Tamper {
  return { effects: (_node, effects) => effects.filter(({ type }) => type !== 'notice' || Math.random() < 0.5) }
}

/** Forgets to ask to be woken. */
function oversleeps(world: World): Tamper {
  const random = dice(world)
  return {
    effects: (_node, effects) => altered(effects, 'wake', (effect) => (random.chance(0.5) ? [] : [effect])),
  }
}

/** Does not write down what was lost. */
function swallowsLosses(): Tamper {
  const keep = ({ fact }: StoredFact) => fact.kind !== 'lost'
  return { effects: (_node, effects) => withFacts(effects, (facts) => facts.filter(keep)) }
}

/** Never tells anybody whom it knows. */
function keepsMembersToItself(): Tamper {
  return {
    effects: (_node, effects) => withMessages(effects, (message) => (message.type === 'members' ? [] : [message])),
  }
}

/** Boasts of medians that nobody has: everything looks late, and soon done. */
function boasts(): Tamper {
  const boast = (message: Message): readonly Message[] => {
    if (message.type !== 'beat' || message.load === undefined) return [message]
    const profiles = message.load.profiles.map((each) => ({ ...each, medianMs: 1 }))
    return [{ ...message, load: { ...message.load, profiles } }]
  }
  return { effects: (_node, effects) => withMessages(effects, boast) }
}

function isMessage(event: Event, type: string): boolean {
  return event.type === 'received' && messageOf(event.bytes)?.type === type
}

const alone = (rule: string, plant: Planted['plant']): Planted => ({ rule, needsMesh: false, plant })
const inMesh = (rule: string, plant: Planted['plant']): Planted => ({ rule, needsMesh: true, plant })

export const PLANTED = {
  'forgets-tasks': alone('P1', forgetsTasks),
  'changes-its-mind': alone('P2', changesItsMind),
  'misses-completions': alone('P3', missesCompletions),
  'starts-nothing': alone('P4', startsNothing),
  'blames-nobody': alone('P5', blamesNobody),
  'answers-nothing': alone('P6', answersNothing),
  'tears-writes': alone('P1', tearsWrites),
  'finds-earlier-completions': alone('I2', findsEarlierCompletions),
  'promises-less': alone('I3', promisesLess),
  'repeats-tokens': alone('I4', repeatsTokens),
  'starts-late': alone('I5', startsLate),
  'claims-nothing': alone('I6', claimsNothing),
  'swallows-losses': alone('I8', swallowsLosses),
  'executes-thrice': alone('I7', executesThrice),
  'excuses-failures': alone('I8', excusesFailures),
  miscounts: alone('I9', miscounts),
  'gossips-books': alone('I11', gossipsBooks),
  'rolls-its-own-die': alone('I12', rollsItsOwnDie),
  oversleeps: alone('I13', oversleeps),
  'acknowledges-unstored': inMesh('P1', acknowledgesUnstored),
  boasts: inMesh('P3', boasts),
  chatters: inMesh('P5', chatters),
  'believes-any-ballot': inMesh('I3', believesAnyBallot),
  'has-another-ring': inMesh('I10', hasAnotherRing),
  'keeps-members-to-itself': inMesh('I13', keepsMembersToItself),
} as const satisfies { readonly [name: string]: Planted }
export type PlantedName = keyof typeof PLANTED
