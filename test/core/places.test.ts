/** What lives in the places of a node, and when a profile takes something new. */
import { describe, expect, test } from 'vitest'
import type { Grant } from '../../src/core/messages.ts'
import { Places, Profile } from '../../src/core/places.ts'
import { NODE_SETTINGS, type NodeSettings } from '../../src/core/settings.ts'
import { CoreMesh, type MeshNode } from '../support/core-mesh.ts'
import { GRANT } from '../support/sample-messages.ts'

const grant = (token: string, profile = 'draw'): Grant => ({ ...GRANT, token, profile })
const profileOf = (places: number, timeoutMs: number | 'auto' = 1_000) => new Profile({ places, timeoutMs })

function placesOf(change: Partial<NodeSettings> = {}): Places {
  const profiles = { draw: { places: 2, timeoutMs: 1_000 }, write: { places: 0, timeoutMs: 'auto' as const } }
  return new Places({ ...NODE_SETTINGS, profiles, ...change })
}

describe('a place', () => {
  test('is taken when its attempt is claimed and free again when the execution has ended, once', () => {
    const places = placesOf()
    const draw = places.profiles.get('draw') as Profile
    const held = places.take(grant('1'), 'a')
    expect(draw.free(0)).toBe(1)
    places.take(grant('2'), 'a')
    expect(draw.free(0)).toBe(0)
    places.release(held)
    places.release(held)
    expect(draw.free(0)).toBe(1)
    expect([...places.held.keys()]).toEqual(['2'])
  })

  test('is not free where fewer are configured than are busy', () => {
    const places = placesOf()
    places.take(grant('1'), 'a')
    places.take(grant('2'), 'a')
    places.set('draw', { places: 1, timeoutMs: 1_000 })
    expect(places.profiles.get('draw')?.free(0)).toBe(0)
  })

  test('of an unknown profile cannot be taken', () => {
    expect(() => placesOf().take(grant('1', 'sing'), 'a')).toThrow(TypeError)
  })
})

test('the owners of what is held change with the first and the last attempt of each', () => {
  const places = placesOf()
  const [first, second] = [places.take(grant('1'), 'a'), places.take(grant('2'), 'a')]
  expect([places.ownersVersion, ...places.owners]).toEqual([1, 'a'])
  places.release(first)
  expect(places.ownersVersion).toBe(1)
  places.release(second)
  expect([places.ownersVersion, ...places.owners]).toEqual([2])
})

describe('a profile that rests', () => {
  test('takes nothing until then, and twice as long with each cause in a row, a minute at most', () => {
    const draw = profileOf(1)
    let nowMs = 0
    const rests: number[] = []
    for (let time = 0; time < 8; time++) {
      draw.rest(nowMs, 'it is down')
      expect(draw.free(nowMs)).toBe(0)
      rests.push(draw.restsUntilMs - nowMs)
      nowMs = draw.restsUntilMs
      expect(draw.free(nowMs)).toBe(1)
    }
    expect(rests).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  })

  test('says whether the reason is new, and does not rest longer for what fails meanwhile', () => {
    const draw = profileOf(1)
    expect(draw.rest(0, 'it is down')).toBe(true)
    expect(draw.rest(500, 'something else')).toBe(false)
    expect(draw.restsUntilMs).toBe(1_000)
    expect(draw.rest(1_000, 'it is down')).toBe(false)
    expect(draw.rest(5_000, 'another')).toBe(true)
  })

  test('goes on after a success, with the shortest rest again', () => {
    const draw = profileOf(1)
    for (const nowMs of [0, 1_000, 3_000]) draw.rest(nowMs, 'it is down')
    draw.completed(5)
    expect([draw.free(3_000), draw.restReason]).toEqual([1, undefined])
    draw.rest(3_000, 'it is down')
    expect(draw.restsUntilMs).toBe(4_000)
  })
})

const result = { files: [], text: 'done' }

describe('a node that is suspended', () => {
  test('takes nothing, also of profiles that come, and counts for nobody who can perform them, until every cause is taken back', () => {
    const places = placesOf()
    const draw = places.profiles.get('draw') as Profile
    places.suspend('duty-hours', 'off duty')
    places.suspend('drain', 'drained')
    draw.completed(10)
    places.set('sing', { places: 1, timeoutMs: 1_000 })
    expect([draw.free(0), draw.isResting(0), places.isCapable('draw')]).toEqual([0, true, false])
    expect([draw.suspendedFor, places.profiles.get('sing')?.free(0)]).toEqual(['off duty; drained', 0])
    places.suspend('duty-hours', undefined)
    expect(draw.free(0)).toBe(0)
    places.suspend('drain', undefined)
    expect([draw.free(0), draw.suspendedFor, places.isCapable('draw')]).toEqual([2, undefined, true])
  })

  test('leaves every attempt of a task to who failed it before, as where there is nobody else', () => {
    const mesh = new CoreMesh(['a', 'b'])
    const [a, b] = mesh.nodes as [MeshNode, MeshNode]
    mesh.post(b, { type: 'suspend', cause: 'duty-hours', reason: 'off duty' })
    mesh.advance(2_000)
    mesh.seed(a, mesh.batch(a, 'parti').id, 2)
    const error = { class: 'failed', message: 'it broke' } as const
    for (let time = 0; time < 40 && a.core.view().batches[0]?.counts.failed !== 2; time++) {
      for (const token of [...a.running.keys()]) {
        a.running.delete(token)
        mesh.post(a, { type: 'execution-ended', token, outcome: 'failed', durationMs: 5, error })
      }
      mesh.advance(10_000)
    }
    expect(a.core.view().batches[0]?.counts).toMatchObject({ failed: 2, completed: 0 })
    expect(b.running.size).toBe(0)
  })

  test('says why, finishes what runs, leaves the rest to others, and goes on at once', () => {
    const mesh = new CoreMesh(['a', 'b'])
    const [a, b] = mesh.nodes as [MeshNode, MeshNode]
    mesh.seed(a, mesh.batch(a, 'parti').id, 20)
    const reason = 'off duty until 19:00'
    mesh.post(a, { type: 'suspend', cause: 'duty-hours', reason })
    const [profile] = a.core.view().profiles
    expect(profile?.rest).toEqual({ reason, untilMs: Number.POSITIVE_INFINITY, forGood: false })
    const running = [...a.running.keys()]
    expect(running.length).toBe(2)
    const complete = (node: MeshNode) => {
      for (const token of [...node.running.keys()]) {
        node.running.delete(token)
        mesh.post(node, { type: 'execution-ended', token, outcome: 'completed', durationMs: 5, result })
      }
    }
    complete(a)
    for (let at = 0; at < 12; at++) {
      complete(b)
      mesh.advance(1_500)
    }
    expect([a.running.size, a.core.view().batches[0]?.counts.completed]).toEqual([0, 20])
    mesh.seed(a, mesh.batch(a, 'parti').id, 40)
    expect(a.running.size).toBe(0)
    mesh.post(a, { type: 'suspend', cause: 'duty-hours', reason: undefined })
    mesh.advance(1_000)
    expect(a.running.size).toBe(2)
  })
})

describe('a profile that is closed', () => {
  test('takes nothing, and is not opened by a success', () => {
    const places = placesOf()
    const draw = places.profiles.get('draw') as Profile
    expect(draw.close('no such model')).toBe(true)
    expect(draw.close('no such model')).toBe(false)
    draw.completed(5)
    expect(draw.free(Number.MAX_SAFE_INTEGER)).toBe(0)
    expect(places.isCapable('draw')).toBe(false)
    expect(draw.restReason).toBe('no such model')
  })

  test('takes everything again once it is configured anew, several at a time', () => {
    const places = placesOf()
    const draw = places.profiles.get('draw') as Profile
    draw.close('no such model')
    draw.oneAtATime = true
    places.set('draw', { places: 3, timeoutMs: 1_000 })
    expect([draw.free(0), draw.restReason, places.isCapable('draw')]).toEqual([3, undefined, true])
  })
})

test('a node performs what it has places for', () => {
  const places = placesOf()
  expect(['draw', 'write', 'sing'].map((name) => places.isCapable(name))).toEqual([true, false, false])
  places.set('sing', { places: 1, timeoutMs: 1_000 })
  expect(places.isCapable('sing')).toBe(true)
})

test('how long an attempt may run is asked of its profile', () => {
  const places = placesOf()
  expect(places.limitsOf(grant('1')).longMs).toBe(1_000)
  expect(places.limitsOf(grant('1', 'write')).longMs).toBe(NODE_SETTINGS.firstTimeoutMs)
  const write = places.profiles.get('write') as Profile
  for (let time = 0; time < 64; time++) write.completed(100_000)
  expect(write.medianMs).toBe(100_000)
  expect(places.limitsOf({ ...grant('1', 'write'), attempt: 1 }).briefMs).toBe(200_000)
})

test('a node that failed task after task takes as many as it has places once it is configured anew', () => {
  const mesh = new CoreMesh(['a', 'b'])
  const [a] = mesh.nodes
  if (a === undefined) throw new Error('no node')
  mesh.seed(a, mesh.batch(a, 'parti').id, 60)
  mesh.advance(3_000)
  const error = { class: 'failed', message: 'it broke' } as const
  for (let time = 0; time < 5; time++) {
    for (const token of [...a.running.keys()]) {
      a.running.delete(token)
      mesh.post(a, { type: 'execution-ended', token, outcome: 'failed', durationMs: 5, error })
    }
    mesh.advance(100)
  }
  expect(a.running.size).toBe(0)
  mesh.post(a, { type: 'set-profile', profile: 'draw', settings: { places: 2, timeoutMs: 600_000 } })
  mesh.advance(100)
  expect(a.running.size).toBe(2)
})
