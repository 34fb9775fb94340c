/** Random messages of every type for property tests, with values as wide as the limits allow and lists as short as will do. */
import fc from 'fast-check'
import { MESSAGE_LIMITS } from '../../src/codec/message-limits.ts'
import { type BatchRecord, type Register, tombstoneOf } from '../../src/core/batches.ts'
import { EPOCH_MAX, SLOT_COUNT } from '../../src/core/ids.ts'
import type { MemberEntry } from '../../src/core/member-entry.ts'
import type {
  BallotRun,
  Grant,
  IntakeRow,
  LoadBatch,
  LoadRow,
  Message,
  MessageOf,
  MessageType,
  SlotDigest,
  SlotRun,
} from '../../src/core/messages.ts'
import { params } from './arbitraries.ts'

const digits = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((raw) => Buffer.from(raw).toString('hex'))

/** Text of any characters, short and long, now and then behind a byte order mark. */
const text = (bytesMax: number): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom('', '', '', '\ufeff'),
      fc.oneof(fc.string({ maxLength: 90 }), fc.string({ unit: 'binary', maxLength: 90 })),
    )
    .map(([mark, rest]) => mark + rest)
    .map((whole) => cut(whole, bytesMax))

/** The longest part of the text, from its begin, that fits. */
function cut(whole: string, bytesMax: number): string {
  let part = ''
  for (const character of whole) {
    if (Buffer.byteLength(part + character) > bytesMax) break
    part += character
  }
  return part
}

const node = fc.oneof(fc.constantFrom('node-a', 'node-b'), text(128))
const profile = fc.oneof(fc.constant('sketch'), text(128))
const incarnation = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: MESSAGE_LIMITS.incarnationMax }))
const whole = fc.oneof(fc.nat(300), fc.maxSafeNat())
const epoch = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: EPOCH_MAX }))
const slot = fc.nat(SLOT_COUNT - 1)
const flag = fc.boolean()
const boot = digits(8)
const hash = digits(8)
const batch = digits(8)
const task = digits(16)
const token = digits(18)
const few = <T>(each: fc.Arbitrary<T>, maxLength = 4): fc.Arbitrary<T[]> => fc.array(each, { maxLength })
const bytes = fc.uint8Array({ maxLength: 300 })

/** Runs by the distances between their ends, those beyond the ring left out; now and then up to its last slot. */
const slotRuns: fc.Arbitrary<SlotRun[]> = fc
  .array(fc.tuple(distance(), distance()), { maxLength: 6 })
  .map((distances) => {
    const runs: SlotRun[] = []
    let next = 0
    for (const [gap, more] of distances) {
      const from = next + gap
      if (from >= SLOT_COUNT) break
      runs.push({ from, to: Math.min(from + more, SLOT_COUNT - 1) })
      next = from + more + 1
    }
    return runs
  })

function distance(): fc.Arbitrary<number> {
  return fc.oneof(fc.constantFrom(0, 0, 1), fc.nat(300), fc.nat(SLOT_COUNT))
}

const ballotRuns: fc.Arbitrary<BallotRun[]> = slotRuns.chain((runs) =>
  fc
    .array(fc.record({ epoch, node }), { minLength: runs.length, maxLength: runs.length })
    .map((ballots) => runs.map((run, at) => ({ ...run, ...(ballots[at] as { epoch: number; node: string }) }))),
)

const slotDigests: fc.Arbitrary<SlotDigest[]> = fc
  .uniqueArray(fc.record({ slot, count: whole, xor: digits(16) }), { maxLength: 5, selector: (digest) => digest.slot })
  .map((digests) => digests.toSorted((a, b) => a.slot - b.slot))

const loadBatch: fc.Arbitrary<LoadBatch> = fc.record({
  batch,
  total: whole,
  scheduled: whole,
  running: whole,
  retrying: whole,
  completed: whole,
  failed: whole,
  cancelled: whole,
  extra: whole,
})

const loadRow: fc.Arbitrary<LoadRow> = fc.record({
  node,
  incarnation,
  seq: whole,
  profiles: few(
    fc.record({
      profile,
      claimable: whole,
      priority: fc.oneof(fc.integer({ min: -300, max: 300 }), fc.maxSafeInteger()),
      places: whole,
      free: whole,
      medianMs: whole,
      contested: whole,
      orphaned: whole,
      late: whole,
      resting: flag,
    }),
  ),
  owned: fc.nat(SLOT_COUNT),
  ownedSum: hash,
  boot: hash,
  contested: fc.nat(SLOT_COUNT),
  batches: few(loadBatch),
  batchesLeftOut: whole,
})

const grant: fc.Arbitrary<Grant> = fc.record({
  token,
  batch,
  task,
  index: whole,
  prompt: text(1_000),
  params,
  profile,
  attempt: whole,
  failures: whole,
  alone: fc.boolean(),
  timeoutMs: fc.option(whole),
})

const intakeRow: fc.Arbitrary<IntakeRow> = fc.record({ task, index: whole, prompt: text(1_000), params })

const member: fc.Arbitrary<MemberEntry> = fc.record({
  id: node.filter((id) => id !== ''),
  name: text(64),
  incarnation,
  standing: fc.constantFrom('joined', 'away', 'left', 'forgotten'),
  addresses: few(text(256)),
})

function register<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Register<T>> {
  return fc.record({ value, counter: whole, node: fc.constantFrom('node-a', 'node-ü') })
}

const liveRecord: fc.Arbitrary<BatchRecord> = fc.record({
  id: batch,
  name: fc.constantFrom('parti', 'große Bilder', '猫'),
  generation: whole,
  deleted: fc.constant(false as const),
  fields: fc.record({
    profile: register(fc.constantFrom('sketch', 'sdxl')),
    priority: register(fc.maxSafeInteger()),
    maxAttempts: register(whole),
    timeoutMs: register(fc.option(whole)),
    paused: register(flag),
    cancelled: register(flag),
    born: register(whole),
  }),
})
const record = fc.oneof(liveRecord, liveRecord.map(tombstoneOf))

type Fields<T extends MessageType> = {
  readonly [F in Exclude<keyof MessageOf<T>, 'type'>]: fc.Arbitrary<MessageOf<T>[F]>
}

const FIELDS: { readonly [T in MessageType]: Fields<T> } = {
  hello: {
    meshId: digits(8),
    versionMin: whole,
    versionMax: whole,
    settingsHash: hash,
    incarnation,
    boot,
    membersHash: hash,
    batchesHash: hash,
    serving: ballotRuns,
    name: text(64),
    started: incarnation,
  },
  outlived: { started: incarnation },
  refused: { why: fc.constantFrom('mesh', 'version', 'settings', 'cloned', 'forgotten') },
  beat: {
    boot,
    incarnation,
    storing: flag,
    membersHash: hash,
    batchesHash: hash,
    load: fc.option(loadRow, { nil: undefined }),
  },
  members: { entries: few(member), answer: flag },
  batches: { records: few(record), answer: flag, request: whole },
  'batches-stored': { request: whole },
  'stop-batch': { batch, outcome: fc.constantFrom('cancelled', 'returned') },
  probe: { about: node },
  probed: { about: node, reached: flag },
  relay: { from: node, boot, incarnation, to: node, toBoot: fc.option(boot, { nil: null }), bytes },
  serving: { runs: ballotRuns },
  promise: { request: whole, epoch, slots: slotRuns },
  promised: { request: whole, slots: slotRuns, refused: ballotRuns, digests: slotDigests },
  'digests-wanted': { request: whole, slots: slotRuns },
  digests: { request: whole, membersHash: hash, digests: slotDigests, ballots: ballotRuns },
  'slot-wanted': { request: whole, slot, have: few(hash) },
  slot: { request: whole, facts: few(bytes), lacking: few(hash), done: flag },
  facts: { seq: whole, ballots: ballotRuns, facts: few(bytes) },
  'facts-stored': { seq: whole, refused: ballotRuns, unread: whole },
  claim: {
    seq: whole,
    boot,
    wants: few(fc.record({ profile, free: whole })),
    idle: flag,
    kind: fc.constantFrom('work', 'contested', 'orphaned', 'late'),
  },
  granted: { seq: whole, grants: few(grant), parked: flag },
  work: { profiles: few(profile) },
  started: { starts: few(fc.record({ token, timeoutMs: whole })) },
  held: { boot, part: whole, last: flag, tokens: few(fc.record({ token, task, batch, started: flag })) },
  kill: { tokens: few(token), outcome: fc.constantFrom('timed-out', 'cancelled', 'returned') },
  ended: { facts: few(bytes) },
  settled: { tokens: few(token) },
  'not-owner': { ballots: ballotRuns },
  'tallies-wanted': { request: whole, batches: few(batch) },
  tallies: { request: whole, ownedSum: hash, batches: few(loadBatch) },
  intake: { request: whole, record, profile, rows: few(intakeRow) },
  taken: { request: whole, new: whole, existing: whole, copies: whole, elsewhere: few(task), retryAfterMs: whole },
  'change-tasks': {
    request: whole,
    batch,
    change: fc.constantFrom('cancel', 'retry'),
    tasks: few(task),
    stopRunning: flag,
  },
  changed: { request: whole, tasks: whole, elsewhere: few(task) },
  load: { row: loadRow },
  rumour: {
    rumour: fc.record({
      by: node,
      incarnation,
      seq: whole,
      storing: flag,
      dead: few(fc.record({ id: node, incarnation, why: fc.constantFrom('silence', 'refused') })),
    }),
  },
}

export const MESSAGE_TYPES = Object.keys(FIELDS) as MessageType[]

/** A message of one type as an honest node may send it. */
export function messageOf(type: MessageType): fc.Arbitrary<Message> {
  const fields = FIELDS[type] as Record<string, fc.Arbitrary<unknown>>
  return fc.record({ type: fc.constant(type), ...fields }) as fc.Arbitrary<unknown> as fc.Arbitrary<Message>
}

export const anyMessage: fc.Arbitrary<Message> = fc.oneof(...MESSAGE_TYPES.map(messageOf))
