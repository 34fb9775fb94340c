/** The options of a batch that `seed` and `run` share, each checked before anything is read or started. */
import type { Command } from 'commander'
import { MeshError } from '../../core/errors.ts'
import type { SeedRequest } from '../../node/api.ts'
import { DURATION_MS_MAX } from '../duration.ts'
import { checkBatchName } from '../seed-settings.ts'
import { duration, wholeNumber } from './shared.ts'

export interface BatchOptions {
  readonly name?: string
  readonly profile?: string
  readonly priority?: number
  readonly maxAttempts?: number
  readonly taskTimeout?: number
  readonly format?: string
}

/** What a node takes; it checks again. */
const PRIORITY_MAX = 1_000_000
const ATTEMPTS_MAX = 1_000

/** Adds what BatchOptions has. */
export function addBatchOptions(command: Command): Command {
  return command
    .option('--name <batch>', 'name of the batch (default: the file name without its extension)', checkBatchName)
    .option('--profile <name>', 'what runs these prompts (default: the only profile there is)', checkProfile)
    .option('--priority <n>', 'higher runs first (default: 0)', wholeNumber(-PRIORITY_MAX, PRIORITY_MAX))
    .option(
      '--max-attempts <n>',
      'attempts that may fail before a task is FAILED (default: 3)',
      wholeNumber(1, ATTEMPTS_MAX),
    )
    .option(
      '--task-timeout <time>',
      "longest run of an attempt (default: the profile's)",
      duration(1, DURATION_MS_MAX, 'more than 0, 10000d at most'),
    )
    .option('--format <format>', 'txt, csv, tsv or jsonl, where the file name does not tell')
}

/** What a batch is created with. */
export function seedRequest(batch: string, profile: string, options: BatchOptions): SeedRequest {
  const { priority, maxAttempts, taskTimeout } = options
  return {
    batch,
    profile,
    ...(priority !== undefined && { priority }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(taskTimeout !== undefined && { timeoutMs: taskTimeout }),
  }
}

function checkProfile(name: string): string {
  if (name.trim() !== '') return name
  throw new MeshError('MESH_BAD_REQUEST', '--profile: expected the name of a profile, got ""')
}
