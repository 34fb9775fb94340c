/** The launcher in bin/: what it says where Node is too old or nothing is built, and what it hands to the CLI. */
import { spawnSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const LAUNCHER = resolve(import.meta.dirname, '../../bin/promptmesh.js')

describe('bin/promptmesh.js', () => {
  let clone: string

  beforeEach(async () => {
    clone = await mkdtemp(join(tmpdir(), 'promptmesh-launcher-'))
    await mkdir(join(clone, 'bin'))
    await copyFile(LAUNCHER, join(clone, 'bin/promptmesh.js'))
    await writeFile(join(clone, 'package.json'), '{"type":"module"}')
  })
  afterEach(() => rm(clone, { recursive: true, force: true }))

  /** Puts a CLI in place that writes what it was given and answers with an exit code. */
  async function build(source: string): Promise<void> {
    await mkdir(join(clone, 'dist/cli'), { recursive: true })
    await writeFile(join(clone, 'dist/cli/main.js'), source)
  }

  /** Starts the launcher of the clone; `version` is what Node then says of itself. */
  function launch(args: readonly string[], version = process.versions.node) {
    const versions = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
    const preload = `data:text/javascript,${encodeURIComponent(versions)}`
    const command = ['--import', preload, join(clone, 'bin/promptmesh.js'), ...args]
    return spawnSync(process.execPath, command, { encoding: 'utf8' })
  }

  test('is executable', async () => {
    expect((await stat(LAUNCHER)).mode & 0o111).toBe(0o111)
  })

  test.each(['20.20.2', '22.11.9', '12.22.12'])('tells a user of Node %s what to do, in one line', (version) => {
    const { status, stdout, stderr } = launch(['status'], version)
    expect(stderr).toMatch(/^promptmesh: needs Node 22\.12 or newer, this is [\d.]+: .*npx promptmesh.*\n$/)
    expect(stderr).toContain(version)
    expect(stdout).toBe('')
    expect(status).toBe(1)
  })

  test('says how to build where nothing is built', () => {
    const { status, stderr } = launch(['status'])
    expect(stderr).toBe('promptmesh: not built yet: run `npm run build` in the clone\n')
    expect(status).toBe(1)
  })

  test.each(['22.12.0', '24.0.0', '100.1.0'])('hands its arguments to the CLI under Node %s', async (version) => {
    await build('export async function main(argv) { console.log(JSON.stringify(argv)); return 3 }')
    const { status, stdout } = launch(['seed', 'a b', '--name=$(x)'], version)
    expect(JSON.parse(stdout)).toEqual(['seed', 'a b', '--name=$(x)'])
    expect(status).toBe(3)
  })

  test('lets a defect of the CLI end the process with its stack', async () => {
    await build(`export async function main() { throw new TypeError('planted defect') }`)
    const { status, stderr } = launch([])
    expect(stderr).toContain('TypeError: planted defect')
    expect(stderr).toContain('dist/cli/main.js')
    expect(status).toBe(1)
  })
})
