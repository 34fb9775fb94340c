/** Runs that failed once: each must pass for ever. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { play, readReplay } from './replay.ts'

const FOLDER = join(import.meta.dirname, 'regressions')

const replays = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .sort()
  .map((name) => ({ name, replay: readReplay(join(FOLDER, name)) }))

describe('a run that failed once passes', () => {
  test.for(replays)('$replay.about ($name)', ({ replay }) => {
    expect(replay.about).toBeTruthy()
    expect(replay.planted).toBeUndefined()
    expect(play(replay).violations).toEqual([])
  })
})
