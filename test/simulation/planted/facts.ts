/** Bugs in what is written: facts that are not, come twice, or say what is not so. */
import type { BatchRecord } from '../../../src/core/batches.ts'
import type { Event } from '../../../src/core/events.ts'
import type { EndedFact, StoredFact } from '../../../src/core/facts.ts'
import { makeToken, readToken, type Token } from '../../../src/core/ids.ts'
import type { BallotRun } from '../../../src/core/messages.ts'
import { messageOf } from '../message-reader.ts'
import type { SimNode } from '../process.ts'
import type { Tamper } from '../surroundings.ts'
import { altered, newFact, withFacts } from '../tampering.ts'
import type { World } from '../world.ts'
import { diceOf } from './dice.ts'

/** Says that writes are on disk which are not. */
export function forgetsTasks(world: World): Tamper {
  const random = diceOf(world)
  const keep = ({ fact }: StoredFact) => fact.kind !== 'seeded' || !random.chance(0.02)
  return { effects: (_node, effects) => withFacts(effects, (facts) => facts.filter(keep)) }
}

/** Writes a batch of facts only in part. */
export function tearsWrites(world: World): Tamper {
  const random = diceOf(world)
  const tear = (facts: readonly StoredFact[]) =>
    facts.length > 1 && random.chance(0.1) ? facts.slice(0, facts.length >> 1) : facts
  return { effects: (_node, effects) => withFacts(effects, tear) }
}

/** Stores what another node replicates to it only now and then, and acknowledges all of it. */
export function acknowledgesUnstored(world: World): Tamper {
  const random = diceOf(world)
  return {
    effects: (_node, effects, event) =>
      isMessage(event, 'facts') && random.chance(0.1) ? withFacts(effects, () => []) : effects,
  }
}

/** Takes a result back once everybody has heard of it. */
export function changesItsMind(world: World): Tamper {
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
export function findsEarlierCompletions(world: World): Tamper {
  const random = diceOf(world)
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

/** Writes down that nobody is to blame for a process that ended. */
export function blamesNobody(): Tamper {
  const excuse = (stored: StoredFact) => {
    const { fact } = stored
    return fact.kind === 'lost' ? newFact({ ...fact, why: 'deadline-passed' }) : stored
  }
  return { effects: (_node, effects) => withFacts(effects, (facts) => facts.map(excuse)) }
}

/** Gives one token to two tasks. */
export function repeatsTokens(world: World): Tamper {
  const random = diceOf(world)
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

/** Executes what it has not claimed. */
export function claimsNothing(world: World): Tamper {
  const random = diceOf(world)
  const keep = ({ fact }: StoredFact) => fact.kind !== 'claimed' || !random.chance(0.02)
  return { effects: (_node, effects) => withFacts(effects, (facts) => facts.filter(keep)) }
}

/** Does not write down what was lost. */
export function swallowsLosses(): Tamper {
  const keep = ({ fact }: StoredFact) => fact.kind !== 'lost'
  return { effects: (_node, effects) => withFacts(effects, (facts) => facts.filter(keep)) }
}

/** Claims a task of a slot that its own disk has promised to another node since. */
export function claimsAfterYielding(world: World): Tamper {
  const random = diceOf(world)
  let extra = 0
  const claim = (node: SimNode, facts: readonly StoredFact[]) => {
    if (!random.chance(0.05)) return facts
    const slot = random.pick([...node.disk.facts.slots, 0])
    const promised = node.disk.promises.find(({ from, to }) => from <= slot && slot <= to)
    const [task] = node.disk.facts.tasksOf(slot)
    if (task?.[0] === undefined || promised === undefined || promised.node === node.id) return facts
    return [...facts, claimUnder(promised, task[0], node, ++extra)]
  }
  return { effects: (node, effects) => withFacts(effects, (facts) => claim(node, facts)) }
}

function claimUnder(
  { epoch }: BallotRun,
  { batch, task }: { readonly batch: string; readonly task: string },
  { id, boot }: SimNode,
  extra: number,
): StoredFact {
  const token = makeToken(Math.max(1, epoch - 1), 2 ** 40 + extra, boot)
  return newFact({ kind: 'claimed', batch, task, token, holder: id, holderBoot: boot, round: 0 })
}

/** Claims a task of a batch that is paused on its own disk. */
export function claimsPaused(world: World): Tamper {
  let extra = 0
  const claim = (node: SimNode, facts: readonly StoredFact[]) => {
    for (const { task, batch, slot, state } of world.pool.tasks.values()) {
      if (node.disk.batch(batch)?.fields.paused.value !== true || state?.standing !== 'waiting') continue
      const promised = node.disk.promises.find(({ from, to }) => from <= slot && slot <= to)
      if (promised?.node === node.id) return [...facts, claimUnder(promised, { batch, task }, node, ++extra)]
    }
    return facts
  }
  return { effects: (node, effects) => withFacts(effects, (facts) => claim(node, facts)) }
}

/** Takes every failure for the last one. */
export function closesEarly(world: World): Tamper {
  const close = ({ fact }: StoredFact): readonly StoredFact[] => {
    if (fact.kind !== 'ended' || fact.outcome !== 'failed') return []
    const { batch, task } = fact
    const round = world.pool.tasks.get(task)?.state?.round ?? 0
    return [newFact({ kind: 'closed', batch, task, round, why: 'attempts-used-up' })]
  }
  return { effects: (_node, effects) => withFacts(effects, (facts) => [...facts, ...facts.flatMap(close)]) }
}

/** Does half of what people ask it to do to tasks, and answers that it did all. */
export function halvesWords(): Tamper {
  const isLeftOut = ({ fact }: StoredFact) =>
    (fact.kind === 'cancelled' || fact.kind === 'retried') && Number.parseInt(fact.task.slice(-1), 16) % 2 === 0
  return { effects: (_node, effects) => withFacts(effects, (facts) => facts.filter((each) => !isLeftOut(each))) }
}

/** Gives up what others perform for it, whether it hears of them or not. */
export function losesTheLiving(world: World): Tamper {
  const random = diceOf(world)
  const lose = (node: SimNode, facts: readonly StoredFact[]) => {
    const record = world.history.records.find(
      ({ node: holder, token, endMs }) => endMs === undefined && holder !== node && readToken(token).boot === node.boot,
    )
    if (record === undefined || !random.chance(0.05)) return facts
    const { batch, task, token } = record
    return [...facts, newFact({ kind: 'lost', batch, task, token, why: 'never-renewed' })]
  }
  return { effects: (node, effects) => withFacts(effects, (facts) => lose(node, facts)) }
}

/** Chooses a second completion of a task, and then the first one after all. */
export function choosesTwice(world: World): Tamper {
  const random = diceOf(world)
  const first: EndedFact[] = []
  const second: StoredFact[] = []
  const add = (facts: readonly StoredFact[]) => {
    for (const { fact } of facts) if (fact.kind === 'ended' && fact.outcome === 'completed') first.push(fact)
    if (second.length > 0) return [...facts, ...second.splice(0)]
    if (first.length === 0 || !random.chance(0.1)) return facts
    const ended = random.pick(first)
    const { batch, task } = ended
    const { epoch, seq, boot } = readToken(ended.token)
    const token = makeToken(epoch, seq + 2 ** 40, boot)
    second.push(newFact({ kind: 'chosen', batch, task, token: ended.token }))
    return [...facts, newFact({ ...ended, token }), newFact({ kind: 'chosen', batch, task, token })]
  }
  return { effects: (_node, effects) => withFacts(effects, add) }
}

/** Answers that a batch is changed, and does not write it down. */
export function forgetsBatchChanges(): Tamper {
  return {
    effects: (node, effects) =>
      altered(effects, 'persist', (effect) => [
        { ...effect, batches: effect.batches.filter(({ id }) => node.disk.batch(id) === undefined) },
      ]),
  }
}

/** Tries tasks once more than what is written down of their batch allows. */
export function triesOnceMore(): Tamper {
  const fewer = (record: BatchRecord): BatchRecord => {
    const { maxAttempts } = record.fields
    const value = Math.max(1, maxAttempts.value - 1)
    return { ...record, fields: { ...record.fields, maxAttempts: { ...maxAttempts, value } } }
  }
  return {
    effects: (_node, effects) =>
      altered(effects, 'persist', (effect) => [{ ...effect, batches: effect.batches.map(fewer) }]),
  }
}

function isMessage(event: Event, type: string): boolean {
  return event.type === 'received' && messageOf(event.bytes)?.type === type
}
