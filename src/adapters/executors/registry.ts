/** Executors by name: the one place that turns a profile of the config into what performs its attempts. */
import { resolve } from 'node:path'
import type { Executor } from '../../node/ports.ts'
import { createCommandExecutor } from './command.ts'
import type { Environment } from './command-environment.ts'
import type { Guard } from './guard.ts'
import { parseProfile } from './profile.ts'
import { createSketchExecutor } from './sketch.ts'

export interface ExecutorContext {
  /** Absolute; relative folders and programs of a profile are found from here. */
  readonly configFolder: string
  /** The node's own environment. */
  readonly environment: Environment
  /** One for all executors of a node; who made it closes it. */
  readonly guard: Guard
}

/**
 * Makes the executor of a profile. The profile's `defaults` are not its business: whoever makes the jobs adds them.
 * @param name the profile's name, for messages
 * @param body the profile as the config file has it
 * @throws MESH_CONFIG the profile has an error, or names an executor that does not exist
 */
export function createExecutor(name: string, body: unknown, context: ExecutorContext): Executor {
  const profile = parseProfile(name, body)
  switch (profile.executor) {
    case 'sketch':
      return createSketchExecutor()
    case 'command':
      return createCommandExecutor({
        profile: name,
        argv: profile.command,
        cwd: resolve(context.configFolder, profile.cwd ?? '.'),
        env: profile.env ?? {},
        environment: context.environment,
        guard: context.guard,
      })
  }
}
