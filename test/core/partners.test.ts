import { expect, test } from 'vitest'
import { makeFact } from '../../src/core/fact-record.ts'
import { Leases } from '../../src/core/leases.ts'
import type { Grant } from '../../src/core/messages.ts'
import { OpenTask } from '../../src/core/open-task.ts'
import { Partners } from '../../src/core/partners.ts'
import { Places } from '../../src/core/places.ts'
import { NODE_SETTINGS } from '../../src/core/settings.ts'
import { sha256 } from '../support/core-disk.ts'
import { PartWorld } from '../support/part-world.ts'
import { GRANT, TOKEN } from '../support/sample-messages.ts'

const TOKENS = ['1', '2', '3'].map((digit) => digit.repeat(TOKEN.length))
const SETTINGS = { ...NODE_SETTINGS, profiles: { sketch: { places: 9, timeoutMs: 1_000 } } }

function setUp() {
  const leases = new Leases(new PartWorld(['self']), () => undefined)
  const { batch, task, index, prompt, params, profile } = GRANT
  const open = new OpenTask([makeFact({ kind: 'seeded', batch, task, index, prompt, params, profile }, sha256)])
  const places = new Places(SETTINGS)
  const grant = (at: number): Grant => ({ ...GRANT, token: TOKENS[at] as string })
  const lease = (at: number, holder: string) => leases.add(TOKENS[at] as string, open, holder, 'boot')
  return { leases, places, grant, lease, partners: new Partners(leases, places) }
}

test('partners are the holders of what was granted and the owners of what is held', () => {
  const { places, grant, lease, partners } = setUp()
  lease(0, 'holder')
  places.take(grant(1), 'owner')
  expect(partners.news()).toEqual(new Set(['holder', 'owner']))
})

test('they are news only where somebody came or went', () => {
  const { leases, places, grant, lease, partners } = setUp()
  expect(partners.news()).toBeUndefined()
  const [first, second] = [lease(0, 'holder'), places.take(grant(1), 'owner')]
  partners.news()
  const third = lease(2, 'holder')
  places.release(places.take(grant(0), 'owner'))
  leases.end(third)
  expect(partners.news()).toBeUndefined()
  leases.end(first)
  expect(partners.news()).toEqual(new Set(['owner']))
  places.release(second)
  expect(partners.news()).toEqual(new Set())
  expect(partners.news()).toBeUndefined()
})
