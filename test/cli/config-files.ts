/** A work folder and a home of their own for each test, and the config that is loaded there. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import type { ConfigFlags, Environment } from '../../src/cli/config/layers.ts'
import { type LoadedConfig, loadConfig } from '../../src/cli/config/load.ts'

export let root = ''
export let cwd = ''
export let home = ''

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'promptmesh-config-'))
  cwd = path.join(root, 'work')
  home = path.join(root, 'home')
  await mkdir(cwd)
  await mkdir(path.join(home, '.config', 'promptmesh'), { recursive: true })
})

afterEach(() => rm(root, { recursive: true, force: true }))

export const projectFile = (): string => path.join(cwd, 'promptmesh.json')
export const userFile = (): string => path.join(home, '.config', 'promptmesh', 'config.json')

export async function write(file: string, content: unknown): Promise<void> {
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
}

export async function load(flags: ConfigFlags = {}, env: Environment = {}): Promise<LoadedConfig> {
  return await loadConfig({ flags, env, cwd, home, hostname: 'GPU Box 01.local' })
}
