/** Bugs in what nodes say to each other. */
import { decodeFact } from '../../../src/codec/facts.ts'
import { encodeMessage } from '../../../src/codec/messages.ts'
import type { Effect } from '../../../src/core/effects.ts'
import type { NodeId } from '../../../src/core/ids.ts'
import type { LoadRow, Message } from '../../../src/core/messages.ts'
import { messageOf } from '../message-reader.ts'
import type { SimNode } from '../process.ts'
import type { Target } from '../schedule.ts'
import type { Tamper } from '../surroundings.ts'
import { altered, withMessages } from '../tampering.ts'
import type { World } from '../world.ts'
import { diceOf } from './dice.ts'

/** Says what it has stored twenty times over. */
export function chatters(): Tamper {
  const TIMES = 20
  const repeat = (message: Message) =>
    message.type === 'facts' || message.type === 'facts-stored' ? Array<Message>(TIMES).fill(message) : [message]
  return { effects: (_node, effects) => withMessages(effects, repeat) }
}

/** Takes facts under whatever ballot they come. */
export function believesAnyBallot(): Tamper {
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

/** Gossips more than anybody can take. */
export function gossipsBooks(world: World): Tamper {
  const random = diceOf(world)
  const book = new Uint8Array(70_000)
  return {
    effects: (_node, effects) => (random.chance(0.01) ? [...effects, { type: 'gossip', bytes: book }] : effects),
  }
}

/** Never tells anybody whom it knows. */
export function keepsMembersToItself(): Tamper {
  return {
    effects: (_node, effects) => withMessages(effects, (message) => (message.type === 'members' ? [] : [message])),
  }
}

/** Does not tell holders that an attempt must run alone. */
export function crowdsSuspects(): Tamper {
  const crowded = (message: Message) =>
    message.type === 'granted'
      ? [{ ...message, grants: message.grants.map((grant) => ({ ...grant, alone: false })) }]
      : [message]
  return { effects: (_node, effects) => withMessages(effects, crowded) }
}

/** Offers its free places to nobody else. */
export function asksNobody(): Tamper {
  return {
    effects: (_node, effects) => withMessages(effects, (message) => (message.type === 'claim' ? [] : [message])),
  }
}

/** Tells holders that what they report is settled as soon as it hears of it. */
export function settlesEarly(): Tamper {
  return {
    effects(_node, effects, event) {
      if (event.type !== 'received') return effects
      const message = messageOf(event.bytes)
      if (message?.type !== 'ended') return effects
      const tokens = message.facts
        .map((bytes) => decodeFact(bytes))
        .flatMap((fact) => ('token' in fact ? fact.token : []))
      return [...effects, { type: 'send', to: event.from, bytes: encodeMessage({ type: 'settled', tokens }) }]
    },
  }
}

/** Spreads facts by gossip instead of sending them, and takes it for granted that they have arrived. */
export function gossipsFacts(world: World): Tamper {
  const stored: Target<{ readonly node: SimNode; readonly from: NodeId; readonly bytes: Uint8Array }> = {
    happen: ({ node, from, bytes }) => node.post({ type: 'received', from, bytes }),
  }
  return {
    effects: (node, effects) =>
      altered(effects, 'send', (effect): readonly Effect[] => {
        const message = messageOf(effect.bytes)
        if (message?.type !== 'facts') return [effect]
        const bytes = encodeMessage({ type: 'facts-stored', seq: message.seq, refused: [], unread: 0 })
        world.schedule.at(world.schedule.nowMs + 5, stored, { node, from: effect.to, bytes })
        return [{ type: 'gossip', bytes: effect.bytes }]
      }),
  }
}

/** Boasts of medians that nobody has: everything looks late, and soon done. */
export function boasts(): Tamper {
  const boast = (message: Message): readonly Message[] => {
    if (message.type !== 'beat' || message.load === undefined) return [message]
    const profiles = message.load.profiles.map((each) => ({ ...each, medianMs: 1 }))
    return [{ ...message, load: { ...message.load, profiles } }]
  }
  return { effects: (_node, effects) => withMessages(effects, boast) }
}

/** Never believes that others store: slots go to and fro. */
export function trustsNoDisk(): Tamper {
  return {
    event(_node, event) {
      if (event.type !== 'received') return event
      const message = messageOf(event.bytes)
      return message?.type === 'beat' ? { ...event, bytes: encodeMessage({ ...message, storing: false }) } : event
    },
  }
}

/** Takes for granted that it has everything that those have who promise it slots. */
export function catchesUpWithNobody(): Tamper {
  return {
    event(node, event) {
      if (event.type !== 'received') return event
      const message = messageOf(event.bytes)
      if (message?.type !== 'promised') return event
      return { ...event, bytes: encodeMessage({ ...message, digests: node.disk.facts.readDigests(message.slots) }) }
    },
  }
}

/** Does not believe that others could perform anything: what fails here is tried here again. */
export function trustsOnlyItself(): Tamper {
  const without = (row: LoadRow) => ({ ...row, profiles: row.profiles.map((each) => ({ ...each, places: 0 })) })
  const alter = (bytes: Uint8Array) => {
    const message = messageOf(bytes)
    if (message?.type === 'load') return encodeMessage({ ...message, row: without(message.row) })
    if (message?.type !== 'beat' || message.load === undefined) return bytes
    return encodeMessage({ ...message, load: without(message.load) })
  }
  return {
    event: (_node, event) =>
      event.type === 'received' || event.type === 'gossiped' ? { ...event, bytes: alter(event.bytes) } : event,
  }
}
