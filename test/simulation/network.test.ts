/** The wires of the simulated mesh: what arrives, in which order, and who hears of what when. */
import { beforeEach, describe, expect, test } from 'vitest'
import { CALM_GOSSIP, CALM_LINKS } from './conditions.ts'
import { Dialling } from './dialling.ts'
import { Discovery } from './discovery.ts'
import { Gossip } from './gossip.ts'
import { type LinkConditions, Links } from './links.ts'
import { Network } from './network.ts'
import { Random } from './random.ts'
import { Schedule } from './schedule.ts'
import { message, StubEndpoint } from './stub-endpoint.ts'

const ROUGH: LinkConditions = { ...CALM_LINKS, delayMsMax: 400, jitter: 3, spikes: 0.2, spikeMsMax: 5_000 }

let schedule: Schedule
let nodes: StubEndpoint[]
let network: Network
let dialling: Dialling

function build(conditions: LinkConditions = CALM_LINKS, seed = 1): void {
  schedule = new Schedule()
  nodes = [0, 1, 2].map((index) => new StubEndpoint(index, schedule))
  network = new Network(schedule, new Links(3, conditions, new Random(seed, 'links')), new Random(seed, 'network'))
  for (const node of nodes) network.add(node)
  dialling = new Dialling(schedule, network, nodes, new Random(seed, 'dialling'))
}

const node = (index: number) => nodes[index] as StubEndpoint

function pass(durationMs: number): void {
  const untilMs = schedule.nowMs + durationMs
  while (schedule.nextMs <= untilMs) schedule.advance()
  schedule.nowMs = untilMs
}

/** Connects two nodes and forgets what they heard of that. */
function connect(a: number, b: number): void {
  dialling.dial(node(a), node(b).id)
  pass(60_000)
  for (const each of nodes) each.heard.length = 0
}

function cut(a: number, b: number): void {
  network.links.block(a, b)
  network.links.block(b, a)
}

function heal(a: number, b: number): void {
  network.links.open(a, b)
  network.links.open(b, a)
}

beforeEach(() => build())

describe('a connection', () => {
  test('is told to both sides, at their own times, once', () => {
    build(ROUGH)
    dialling.dial(node(0), 'node-1')
    dialling.dial(node(1), 'node-0')
    pass(60_000)
    expect(node(0).types).toEqual(['connected'])
    expect(node(1).types).toEqual(['connected'])
    expect(node(0).when('connected')).not.toBe(node(1).when('connected'))
  })

  test.each([1, 2, 3, 4, 5])('keeps the order of what is sent over a rough wire (seed %i)', (seed) => {
    build(ROUGH, seed)
    connect(0, 1)
    const sent = Array.from({ length: 200 }, (_, number) => number)
    for (const number of sent) {
      network.send(node(0), 'node-1', message(number))
      pass(7)
    }
    pass(60_000)
    expect(node(1).numbers).toEqual(sent)
  })

  test('loses what is under way from some message on when a process ends', () => {
    build({ ...CALM_LINKS, delayMsMin: 100, delayMsMax: 200 })
    connect(0, 1)
    for (let number = 0; number < 50; number++) {
      network.send(node(0), 'node-1', message(number))
      network.send(node(1), 'node-0', message(number))
      pass(10)
    }
    node(0).up = false
    network.gone(node(0), true)
    pass(60_000)
    const { numbers } = node(1)
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, number) => number))
    expect(node(0).numbers.length).toBeLessThan(50)
    expect(node(1).types.at(-1)).toBe('disconnected')
    expect(node(0).types).not.toContain('disconnected')
  })

  test('ends at each side at its own time when it is reset', () => {
    connect(0, 1)
    network.reset(node(0), node(1))
    pass(10_000)
    expect(node(0).types).toEqual(['disconnected'])
    expect(node(1).types).toEqual(['disconnected'])
    expect(node(0).when('disconnected')).not.toBe(node(1).when('disconnected'))
  })

  test('that is reset in the middle of a burst loses the rest of it, at both ends, once', () => {
    build({ ...CALM_LINKS, delayMsMin: 50, delayMsMax: 100 })
    connect(0, 1)
    network.resetAfter(node(1), node(0), 10)
    for (let number = 0; number < 20; number++) {
      network.send(node(0), 'node-1', message(number))
      pass(20)
    }
    pass(10_000)
    const { numbers, types } = node(1)
    expect(numbers.length).toBeLessThan(10)
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, number) => number))
    expect(types.at(-1)).toBe('disconnected')
    expect(node(0).types).toEqual(['disconnected'])
    connect(0, 1)
    for (let number = 0; number < 20; number++) network.send(node(0), 'node-1', message(number))
    pass(10_000)
    expect(node(1).numbers).toHaveLength(20)
  })

  test('delivers late, in order, what was sent over a wire that was cut for a moment', () => {
    connect(0, 1)
    network.send(node(0), 'node-1', message(0))
    pass(1_000)
    cut(0, 1)
    for (let number = 1; number < 5; number++) network.send(node(0), 'node-1', message(number))
    pass(4_000)
    expect(node(1).numbers).toEqual([0])
    heal(0, 1)
    network.send(node(0), 'node-1', message(5))
    pass(10_000)
    expect(node(1).numbers).toEqual([0, 1, 2, 3, 4, 5])
    expect(node(1).types).not.toContain('disconnected')
  })

  test.each([true, false])('is given up by both sides when the wire stays cut (one way alone: %s)', (oneWay) => {
    connect(0, 1)
    if (oneWay) network.links.block(0, 1)
    else cut(0, 1)
    network.send(node(1), 'node-0', message(7))
    pass(60_000)
    expect(node(0).types.at(-1)).toBe('disconnected')
    expect(node(1).types).toEqual(['disconnected'])
    expect(node(0).numbers).toEqual(oneWay ? [7] : [])
  })

  test('that is dead without knowing it is ended by the next message', () => {
    connect(0, 1)
    cut(0, 1)
    node(1).up = false
    network.gone(node(1), false)
    pass(1_000)
    heal(0, 1)
    node(1).up = true
    node(1).starts++
    expect(network.isConnected(node(0), 'node-1')).toBe(true)
    network.send(node(0), 'node-1', message(1))
    pass(5_000)
    expect(node(0).types).toEqual(['disconnected'])
    expect(node(1).numbers).toEqual([])
  })

  test('takes the place of one that is dead without knowing it', () => {
    connect(0, 1)
    cut(0, 1)
    node(1).up = false
    network.gone(node(1), false)
    heal(0, 1)
    node(1).up = true
    node(1).starts++
    dialling.dial(node(1), 'node-0')
    pass(5_000)
    expect(node(0).types).toEqual(['disconnected', 'connected'])
    expect(node(1).types).toEqual(['connected'])
  })
})

describe('a dial', () => {
  test('is refused where the machine answers and the process is gone', () => {
    node(1).up = false
    dialling.dial(node(0), 'node-1')
    pass(1_000)
    expect(node(0).heard.map(({ event }) => event)).toEqual([{ type: 'dial-failed', peer: 'node-1', refused: true }])
  })

  test.each(['a cut wire', 'a frozen process', 'nobody'] as const)('times out where %s is at the other end', (what) => {
    if (what === 'a cut wire') cut(0, 1)
    node(1).frozen = what === 'a frozen process'
    const peer = what === 'nobody' ? 'nowhere' : 'node-1'
    dialling.dial(node(0), peer)
    pass(2_000)
    expect(node(0).heard).toEqual([])
    pass(10_000)
    expect(node(0).heard.map(({ event }) => event)).toEqual([{ type: 'dial-failed', peer, refused: false }])
  })

  test('reaches a process that wakes up in time', () => {
    node(1).frozen = true
    dialling.dial(node(0), 'node-1')
    pass(2_000)
    node(1).frozen = false
    pass(5_000)
    expect(node(0).types).toEqual(['connected'])
  })
})

test('a knock tells a machine without a process from one that does not answer, and wakes nobody', () => {
  node(1).frozen = true
  dialling.knock(node(0), 'node-1')
  node(2).up = false
  dialling.knock(node(0), 'node-2')
  pass(1_000)
  cut(0, 1)
  dialling.knock(node(0), 'node-1')
  pass(10_000)
  expect(node(0).heard.map(({ event }) => event)).toEqual([
    expect.objectContaining({ type: 'knocked' }),
    expect.objectContaining({ type: 'knocked' }),
    { type: 'knocked', peer: 'node-1', refused: false },
  ])
  const refused = node(0).heard.filter(({ event }) => event.type === 'knocked' && event.refused)
  expect(refused.map(({ event }) => 'peer' in event && event.peer)).toEqual(['node-2'])
  expect(node(1).heard).toEqual([])
})

describe('gossip', () => {
  const gossipOf = (conditions = CALM_GOSSIP) =>
    new Gossip(schedule, network, nodes, conditions, new Random(1, 'gossip'))

  test('goes over any number of connections, and to nobody beyond them', () => {
    connect(0, 1)
    const gossip = gossipOf()
    gossip.publish(node(0), message(1))
    pass(5_000)
    expect(nodes.map(({ types }) => types.includes('gossiped'))).toEqual([false, true, false])
    connect(1, 2)
    gossip.publish(node(0), message(2))
    pass(5_000)
    expect(nodes.map(({ types }) => types.includes('gossiped'))).toEqual([false, true, true])
  })

  test('stops at a wire that is cut, and passes again once it is not, though no connection has changed', () => {
    const gossip = gossipOf()
    connect(0, 1)
    const heard = () => node(1).types.filter((type) => type === 'gossiped').length
    const publish = () => {
      gossip.publish(node(0), message(1))
      pass(3_000)
      return heard()
    }
    expect(publish()).toBe(1)
    cut(0, 1)
    expect(publish()).toBe(1)
    heal(0, 1)
    expect(publish()).toBe(2)
  })

  test('fails while streams work', () => {
    connect(0, 1)
    const gossip = gossipOf()
    gossip.silenced++
    gossip.publish(node(0), message(1))
    network.send(node(0), 'node-1', message(2))
    pass(5_000)
    expect(node(1).types).toEqual(['received'])
  })

  test('works while streams are cut', () => {
    connect(0, 1)
    cut(0, 1)
    const gossip = gossipOf()
    gossip.everywhere++
    gossip.publish(node(0), message(1))
    network.send(node(0), 'node-1', message(2))
    pass(5_000)
    expect(node(1).types).toEqual(['gossiped'])
  })

  test('may be lost, come twice, late and in another order', () => {
    connect(0, 1)
    const gossip = gossipOf({ ...CALM_GOSSIP, lost: 0.3, twice: 0.3, slow: 0.3, slowMsMax: 120_000 })
    for (let number = 0; number < 100; number++) gossip.publish(node(0), message(number))
    pass(300_000)
    const heard = node(1).heard.flatMap(({ event }) => (event.type === 'gossiped' ? [event.bytes[1] as number] : []))
    const different = new Set(heard).size
    expect(different).toBeLessThan(100)
    expect(heard.length).toBeGreaterThan(different)
    expect(heard).not.toEqual(heard.toSorted((a, b) => a - b))
    expect((node(1).heard.at(-1)?.atMs ?? 0) - (node(1).heard[0]?.atMs ?? 0)).toBeGreaterThan(60_000)
  })
})

test('nodes find each other when they start, and again while they are not connected', () => {
  const conditions = { lost: 0, firstMsMax: 1_000, everyMs: 10_000 }
  const discovery = new Discovery(schedule, network, nodes, conditions, new Random(1, 'discovery'))
  cut(0, 2)
  for (const each of nodes) discovery.started(each)
  pass(2_000)
  const found = (index: number) =>
    new Set(node(index).heard.flatMap(({ event }) => (event.type === 'found' ? [event.peer] : [])))
  expect(found(0)).toEqual(new Set(['node-1']))
  expect(found(1)).toEqual(new Set(['node-0', 'node-2']))
  heal(0, 2)
  pass(15_000)
  expect(found(0)).toEqual(new Set(['node-1', 'node-2']))
})
