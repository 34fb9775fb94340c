/**
 * Bugs that are planted between the cores and the world, at least one for each promise and invariant: a checker that
 * none of them sets off proves nothing.
 */
import { CALM_PROMPTS, type Conditions, type Plane } from './conditions.ts'
import * as executions from './planted/executions.ts'
import * as facts from './planted/facts.ts'
import * as messages from './planted/messages.ts'
import * as nodes from './planted/nodes.ts'
import type { Tamper } from './surroundings.ts'
import type { World } from './world.ts'

export interface Planted {
  /** The promise or invariant that it breaks. */
  readonly rule: string
  /** What the report must say, where several checkers report that rule. */
  readonly says?: string
  /** In how large a mesh it must be caught. */
  readonly sizes: readonly number[]
  /** Where it shows only while other planes are quiet: those that may be on. */
  readonly planes?: readonly Plane[]
  /** What its world must be like, where few seeds are. */
  readonly conditions?: Partial<Conditions>
  readonly plant: (world: World) => Tamper
}
type Plant = Planted['plant']

const anywhere = (rule: string, plant: Plant): Planted => ({ rule, sizes: [1, 3], plant })
const alone = (rule: string, plant: Plant): Planted => ({ rule, sizes: [1], plant })
const inMesh = (rule: string, plant: Plant): Planted => ({ rule, sizes: [3], plant })
const amid = (planes: readonly Plane[], planted: Planted): Planted => ({ ...planted, planes })

const POISONED: Partial<Conditions> = { calm: false, prompts: { ...CALM_PROMPTS, poison: 0.05 } }

export const PLANTED = {
  'forgets-tasks': anywhere('P1', facts.forgetsTasks),
  'tears-writes': anywhere('P1', facts.tearsWrites),
  'acknowledges-unstored': inMesh('P1', facts.acknowledgesUnstored),
  'gossips-facts': inMesh('P1', messages.gossipsFacts),
  'drops-unconfirmed': { rule: 'P1', sizes: [5], plant: nodes.dropsUnconfirmed },
  'settles-early': { ...inMesh('P1', messages.settlesEarly), says: 'settled' },
  'drops-damaged': amid(['disk'], inMesh('P1', nodes.dropsDamaged)),
  'forgets-batch-changes': amid(['operator'], anywhere('P1', facts.forgetsBatchChanges)),
  'changes-its-mind': anywhere('P2', facts.changesItsMind),
  'mistakes-results': { ...anywhere('P2', executions.mistakesResults), says: 'its executor said' },
  'misses-completions': inMesh('P3', executions.missesCompletions),
  'starts-nothing': amid([], anywhere('P4', executions.startsNothing)),
  'returns-completions': amid([], { ...anywhere('P3', executions.returnsCompletions), says: 'without a reason' }),
  'loses-the-living': { ...inMesh('P3', facts.losesTheLiving), says: 'gives up' },
  boasts: inMesh('P3', messages.boasts),
  'asks-nobody': amid([], inMesh('P4', messages.asksNobody)),
  'rests-for-ever': amid(['executor'], { ...anywhere('P4', executions.restsForEver), says: 'has a free place' }),
  'blames-nobody': amid([], { ...anywhere('P5', facts.blamesNobody), conditions: POISONED }),
  chatters: amid([], inMesh('P5', messages.chatters)),
  'answers-nothing': anywhere('P6', nodes.answersNothing),
  'answers-at-home': inMesh('P6', nodes.answersAtHome),
  'claims-paused': amid(['operator'], { ...anywhere('P6', facts.claimsPaused), says: 'is paused' }),
  'halves-words': amid(['operator'], { ...anywhere('P6', facts.halvesWords), says: 'answered that' }),
  'finds-earlier-completions': anywhere('I2', facts.findsEarlierCompletions),
  'chooses-twice': anywhere('I2', facts.choosesTwice),
  'catches-up-with-nobody': { ...inMesh('I2', messages.catchesUpWithNobody), says: 'serves slot' },
  'promises-less': anywhere('I3', nodes.promisesLess),
  'believes-any-ballot': inMesh('I3', messages.believesAnyBallot),
  'claims-after-yielding': inMesh('I3', facts.claimsAfterYielding),
  'grants-contested': amid(['network'], {
    ...inMesh('I3', nodes.grantsContested),
    conditions: { partition: 'strict' },
  }),
  'starts-on-one-disk': {
    ...inMesh('I3', facts.acknowledgesUnstored),
    says: 'one disk alone',
    conditions: { partition: 'strict' },
  },
  'repeats-tokens': anywhere('I4', facts.repeatsTokens),
  'starts-late': anywhere('I5', executions.startsLate),
  'starts-unheard': inMesh('I5', executions.startsUnheard),
  'claims-nothing': anywhere('I6', facts.claimsNothing),
  'executes-thrice': amid([], anywhere('I7', executions.executesThrice)),
  'swallows-losses': anywhere('I8', facts.swallowsLosses),
  'excuses-failures': amid(['executor'], anywhere('I8', executions.excusesFailures)),
  'crowds-suspects': amid([], { ...inMesh('I8', messages.crowdsSuspects), says: 'alone', conditions: POISONED }),
  'closes-early': amid(['executor'], { ...anywhere('I8', facts.closesEarly), says: 'was closed' }),
  'tries-once-more': amid(['executor'], { ...anywhere('I8', facts.triesOnceMore), says: 'attempts of' }),
  'trusts-only-itself': amid(['executor'], { ...inMesh('I8', messages.trustsOnlyItself), says: 'could perform it' }),
  miscounts: anywhere('I9', nodes.miscounts),
  'miscounts-at-one': inMesh('I9', nodes.miscountsAtOne),
  // In a mesh of three every node is on every list.
  'has-another-ring': amid([], { rule: 'I10', sizes: [5], plant: nodes.hasAnotherRing }),
  'gossips-books': anywhere('I11', messages.gossipsBooks),
  'rolls-its-own-die': anywhere('I12', nodes.rollsItsOwnDie),
  'keeps-deleted': anywhere('I13', nodes.keepsDeleted),
  oversleeps: anywhere('I13', nodes.oversleeps),
  'swallows-completions': alone('I13', executions.missesCompletions),
  'keeps-members-to-itself': inMesh('I13', messages.keepsMembersToItself),
  'trusts-no-disk': amid([], { ...inMesh('I13', messages.trustsNoDisk), says: 'took slots over' }),
} as const satisfies { readonly [name: string]: Planted }
export type PlantedName = keyof typeof PLANTED
