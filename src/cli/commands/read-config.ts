/** Reads the config for a command, from the flags that it was given and from where it runs. */
import os from 'node:os'
import type { ConfigFlags } from '../config/layers.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'

/** @throws MESH_CONFIG */
export function readConfig(flags: ConfigFlags): Promise<LoadedConfig> {
  return loadConfig({ flags, env: process.env, cwd: process.cwd(), home: os.homedir() })
}
