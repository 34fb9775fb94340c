/** `delete`: says what would be lost, asks where somebody can answer, and deletes for good. */
import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import type { ControlClient } from '../../control/client.ts'
import { formatPlural } from '../../control/format.ts'
import { MeshError } from '../../core/errors.ts'
import type { BatchView } from '../../node/api.ts'
import { say } from '../render/terminal.ts'
import type { NodeOptions } from '../same-node.ts'
import { aboutBatch, asksNode, openClient, type Run } from './shared.ts'

interface DeleteOptions extends NodeOptions {
  readonly yes?: boolean
}

export function addDeleteCommand(program: Command, run: Run): void {
  const command = program
    .command('delete <batches...>')
    .description('delete batches for good, with their tasks and results')
    .option('-y, --yes', 'do not ask')
  asksNode(command, [], 'delete images', 'delete images --yes').action(run(deleteBatches))
}

async function deleteBatches(names: readonly string[], options: DeleteOptions): Promise<void> {
  const client = await openClient(options)
  const batches: BatchView[] = []
  for (const name of new Set(names)) batches.push(await aboutBatch(client, name, () => client.batch(name)))
  for (const batch of batches) {
    if (options.yes === true || (await isMeant(batch))) await deleteBatch(client, batch)
    else say(`${batch.name} stays as it is`)
  }
}

async function deleteBatch(client: ControlClient, { name }: BatchView): Promise<void> {
  await aboutBatch(client, name, () => client.deleteBatch(name))
  say(`${name} is deleted; what was pulled of it stays where it is`)
}

/** @throws MESH_BAD_REQUEST where nobody can answer */
async function isMeant({ name, total, completed }: BatchView): Promise<boolean> {
  const lost = `${formatPlural(total, 'task')}, ${completed} completed`
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new MeshError('MESH_BAD_REQUEST', `deleting ${name} (${lost}) cannot be undone: say --yes to do it`)
  const asked = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await asked.question(`Delete ${name} for good (${lost}; results that were not pulled go)? [y/N] `)
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    asked.close()
  }
}
