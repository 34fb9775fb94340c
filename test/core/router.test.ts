/** Work that is brought to owners ends when they have answered, or after a minute. */
import { describe, expect, test } from 'vitest'
import { Ownership } from '../../src/core/ownership.ts'
import { type RoutedJob, Router } from '../../src/core/router.ts'
import { partPeers, partWorld } from '../support/part-world.ts'

const TASK = '00'.repeat(16)

function routing() {
  const part = partWorld({ peers: partPeers('self', ['other']) })
  const router = new Router(part.world, new Ownership(part.world))
  const log: string[] = []
  const job = (name: string): RoutedJob<string, number> => ({
    batch: 'b',
    taskOf: (task) => task,
    bytesOf: () => 1,
    itemsMax: 10,
    local: () => undefined,
    message: (request, tasks) => ({
      type: 'change-tasks',
      request,
      batch: '00'.repeat(8),
      change: 'cancel',
      tasks,
      stopRunning: false,
    }),
    add: () => undefined,
    done: () => log.push(`${name} done`),
    givenUp: () => log.push(`${name} given up`),
    gone: () => log.push(`${name} gone`),
  })
  return { ...part, router, log, job }
}

describe('a job', () => {
  test('is given up a minute after it began, each at its own time', () => {
    const { router, log, job, advance } = routing()
    router.begin([TASK], job('first'))
    advance(20_000)
    router.begin([TASK], job('second'))
    advance(39_999)
    expect(log).toEqual([])
    advance(1)
    expect(log).toEqual(['first given up'])
    advance(20_000)
    expect(log).toEqual(['first given up', 'second given up'])
  })

  test('leaves no timer of its own behind when it is done', () => {
    const { router, log, job, advance, world } = routing()
    for (let request = 1; request <= 100; request++) {
      router.begin([TASK], job('one'))
      router.answered('other', request, 1, [])
      advance(1)
    }
    expect(log).toHaveLength(100)
    let timers = 0
    for (let next = world.timers.nextMs; next !== undefined; next = world.timers.nextMs, timers++)
      advance(next - world.nowMs)
    expect(timers).toBe(1)
    expect(log.filter((each) => each !== 'one done')).toEqual([])
  })

  test('that begins after a pause without any is given up too', () => {
    const { router, log, job, advance } = routing()
    router.begin([TASK], job('first'))
    router.answered('other', 1, 1, [])
    advance(200_000)
    router.begin([TASK], job('second'))
    advance(60_000)
    expect(log).toEqual(['first done', 'second given up'])
  })
})
