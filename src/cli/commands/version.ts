/** `version`: this program's, and what it runs on. */
import type { Command } from 'commander'
import { print, printJson } from '../render/terminal.ts'
import { readVersion } from '../version.ts'
import { addExamples, type Format, outputOption, type Run } from './shared.ts'

export function addVersionCommand(program: Command, run: Run): void {
  const version = program.command('version').description('show the version')
  addExamples(version, 'version', 'version -o json').addOption(outputOption('table', 'json')).action(run(showVersion))
}

async function showVersion({ output }: { readonly output: Format }): Promise<void> {
  const version = readVersion()
  const { versions, platform, arch } = process
  if (output === 'json') {
    return await printJson({ schema: 'promptmesh.version/1', version, node: versions.node, platform, arch })
  }
  await print(`promptmesh ${version} (Node ${versions.node}, ${platform} ${arch})`)
}
