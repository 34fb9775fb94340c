/**
 * I8: an owner claims a task only while section 8 of the protocol has more attempts for it, by all that it knows; and
 * where nothing was lost, executors have not failed more often than that.
 */
import type { Effect } from '../../../src/core/effects.ts'
import type { ClaimedFact } from '../../../src/core/facts.ts'
import { readToken, slotOf, type Token } from '../../../src/core/ids.ts'
import { MESH_SETTINGS } from '../../../src/core/settings.ts'
import type { Attempt, TaskState } from '../../../src/core/task.ts'
import type { ExecutionRecord } from '../history.ts'
import type { SimNode } from '../process.ts'
import type { Watch } from '../watch.ts'
import type { World } from '../world.ts'
import type { Checker } from './checker.ts'

const NODE_FAULTS: readonly string[] = ['not-here', 'backend-down', 'disk-full', 'drain']

export class Attempts implements Checker {
  readonly #world: World
  readonly #watch: Watch

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.type !== 'persist') return
    for (const { fact } of effect.facts) {
      if (fact.kind !== 'claimed' || readToken(fact.token).boot !== node.boot) continue
      // An own claim comes back from others too.
      if (this.#stated.has(fact.token)) continue
      this.#stated.add(fact.token)
      this.#claim(node, fact)
    }
  }

  readonly #stated = new Set<Token>()

  #claim(node: SimNode, claim: ClaimedFact): void {
    const known = this.#watch.knows(node, claim.task, slotOf(claim.task))
    // What a disk lost and got back later, memory may not know.
    if (known === undefined) return
    const attempts = known.attempts.filter(({ token, round }) => token !== claim.token && round === claim.round)
    const max = this.#watch.knowsBatch(node, claim.batch)?.fields.maxAttempts.value ?? MESH_SETTINGS.maxAttempts
    const { nodes } = this.#world.scenario
    // A node alone has nobody else to try the last attempt.
    const reason = overLimit(known, attempts, nodes > 1 ? 2 * max : max) ?? overOpen(attempts, nodes)
    if (reason !== undefined) this.#world.report('I8', `node ${node.index} claims task ${claim.task} though ${reason}`)
  }

  executionEnded({ task, outcome, batch }: ExecutionRecord): void {
    if (outcome !== 'failed' || !this.#watch.undisturbed || this.#watch.deletedBatches.has(batch)) return
    const { history, pool, scenario, report } = this.#world
    const facts = pool.tasks.get(task)?.facts ?? []
    const rounds = 1 + facts.filter(({ kind }) => kind === 'retried' || kind === 'voided').length
    const failed = history.ofTask(task).filter((each) => each.outcome === 'failed').length
    const most = rounds * (scenario.nodes > 1 ? 2 : 1) * scenario.conditions.maxAttempts
    if (failed > most)
      report('I8', `task ${task} failed ${failed} times in ${rounds} rounds; at most ${most} are allowed`)
  }
}

function overLimit(state: TaskState, attempts: readonly Attempt[], chargedMax: number): string | undefined {
  if (state.standing !== 'waiting' && state.standing !== 'claimed') return `it is ${state.standing}`
  if (attempts.some(({ error }) => error?.class === 'bad-input')) return 'its input is bad'
  const charged = attempts.filter(isCharged).length
  if (charged >= chargedMax) return `${charged} attempts of ${chargedMax} failed`
  const tried = attempts.filter(({ end }) => end !== 'returned').length
  if (tried >= MESH_SETTINGS.attemptsPerRoundMax) return `it was tried ${tried} times`
  const blamed = attempts.filter(
    ({ end, why }) => end === 'lost' && (why === 'holder-dead' || why === 'holder-restarted'),
  )
  if (blamed.length >= MESH_SETTINGS.blamedLossesMax) return `${blamed.length} losses are blamed on it`
  return undefined
}

function isCharged({ end, error }: Attempt): boolean {
  return (end === 'failed' || end === 'timed-out') && !NODE_FAULTS.includes(error?.class ?? '')
}

/** A second one is a speculative copy; a node alone has no use for one. */
function overOpen(attempts: readonly Attempt[], nodes: number): string | undefined {
  const open = attempts.filter(({ end }) => end === 'open').length
  return open > (nodes > 1 ? 1 : 0) ? `${open} attempts of it are open` : undefined
}
