/** The log of a node on a disk that is full: it is told once, keeps nobody, and is whole again with space. */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openNodeLog } from '../../src/cli/node-log.ts'
import { MeshError } from '../../src/core/errors.ts'
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts'

let disk: SmallDisk
beforeEach(() => {
  disk = mountSmallDisk(1)
})
afterEach(() => disk.remove())

const linesOf = (folder: string): string[] => readFileSync(join(folder, 'node.log'), 'utf8').trimEnd().split('\n')

/** Leaves no byte. */
function fill(folder: string): void {
  try {
    writeFileSync(join(folder, 'filler'), Buffer.alloc(2 * 1024 * 1024))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

test('warnings are told although the disk is full, and lines that waited are written once it has room', () => {
  if (!disk.mounted) return
  const told: string[] = []
  const log = openNodeLog(disk.folder, 'info', (message) => told.push(message))
  log.info({}, 'before')
  fill(disk.folder)
  // A page of the file may have room for the first ones.
  for (let line = 0; line < 100; line++) log.warn({ line }, `a warning ${'x'.repeat(100)}`)
  expect(told.filter((message) => message.startsWith('a warning'))).toHaveLength(100)
  expect(told.filter((message) => /node\.log cannot be written for now.*ENOSPC/.test(message))).toHaveLength(1)
  writeFileSync(join(disk.folder, 'filler'), '')
  log.info({}, 'after')
  const messages = linesOf(disk.folder).map((line) => JSON.parse(line).msg)
  expect(messages).toHaveLength(102)
  expect([messages[0], messages.at(-1)]).toEqual(['before', 'after'])
})

test('lines that wait are bounded', () => {
  if (!disk.mounted) return
  const log = openNodeLog(disk.folder, 'info', () => undefined)
  fill(disk.folder)
  for (let line = 0; line < 3_000; line++) log.info({}, 'x'.repeat(1_000))
  writeFileSync(join(disk.folder, 'filler'), Buffer.alloc(0))
  log.info({}, 'after')
  const bytes = linesOf(disk.folder).join('').length
  expect(bytes).toBeGreaterThan(900 * 1024)
  expect(bytes).toBeLessThan(1100 * 1024)
})

test('a process ends although its last lines cannot be written', { timeout: 30_000 }, async () => {
  if (!disk.mounted) return
  fill(disk.folder)
  const module = JSON.stringify(resolve(import.meta.dirname, '../../src/cli/node-log.ts'))
  const program = `
    import { openNodeLog } from ${module}
    const log = openNodeLog(${JSON.stringify(disk.folder)}, 'info', (message) => console.log(message))
    for (let line = 0; line < 100; line++) log.info({}, 'x'.repeat(100))
    console.log('at its end')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program])
  let out = ''
  child.stdout.on('data', (text) => {
    out += text
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
  const code = await new Promise((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  expect(out).toMatch(/cannot be written for now/)
  expect(out).toMatch(/at its end/)
  expect(code).toBe(0)
})

test('a log that cannot be opened is told as a folder that cannot be used', () => {
  mkdirSync(join(disk.folder, 'node.log'))
  expect(() => openNodeLog(disk.folder, 'info', () => undefined)).toThrow(MeshError)
})
