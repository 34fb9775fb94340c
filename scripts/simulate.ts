/** `npm run simulate`: the whole mesh in virtual time; what it can do is in test/simulation/simulate.ts. */
import { fileURLToPath } from 'node:url'
import { simulate } from '../test/simulation/simulate.ts'

process.exitCode = await simulate(process.argv.slice(2), fileURLToPath(import.meta.url), (line) => console.log(line))
