/** A process that opens the store in a directory, says so, and commits until it is killed; each commit is said once it is acknowledged. */
import { writeSync } from 'node:fs'
import { levelSource } from '../../../src/adapters/level/database.ts'
import { createFactStore } from '../../../src/adapters/level/fact-store.ts'
import { commitNumber, recordingLog, sha256 } from '../../contract/fact-store-samples.ts'

const [directory = '', first = ''] = process.argv.slice(2)
const store = createFactStore({ source: levelSource(directory, recordingLog()), sha256, log: recordingLog() })
await store.open()
writeSync(1, 'open\n')
for (let number = Number(first); ; number++) {
  await store.commit(commitNumber(number))
  writeSync(1, `${number}\n`)
}
