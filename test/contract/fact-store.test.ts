/** The contract of a FactStore, on LevelDB in a directory and on a database in memory. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryLevel } from 'memory-level'
import { levelSource } from '../../src/adapters/level/database.ts'
import { testFactStore } from './fact-store.ts'
import { testDamagedFactStore } from './fact-store-damage.ts'
import { testDroppedSlots } from './fact-store-dropping.ts'
import type { Home } from './fact-store-home.ts'
import { recordingLog } from './fact-store-samples.ts'

async function levelHome(): Promise<Home> {
  const directory = await mkdtemp(join(tmpdir(), 'promptmesh-store-'))
  return { source: levelSource(directory, recordingLog()), remove: () => rm(directory, { recursive: true }) }
}

async function memoryHome(): Promise<Home> {
  const database = new MemoryLevel<Uint8Array, Uint8Array>({ keyEncoding: 'view', valueEncoding: 'view' })
  const open = async () => {
    await database.open()
    return { database, repaired: false }
  }
  return { source: { place: 'memory', open }, remove: () => database.close() }
}

testFactStore('level', levelHome)
testDamagedFactStore('level', levelHome)
testFactStore('memory-level', memoryHome)
testDamagedFactStore('memory-level', memoryHome)
testDroppedSlots('level', levelHome)
testDroppedSlots('memory-level', memoryHome)
