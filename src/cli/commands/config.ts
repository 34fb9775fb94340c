/** `config show` and `config path`: what is set, where it was said, and where files are looked for. */
import os from 'node:os'
import path from 'node:path'
import type { Command } from 'commander'
import type { LoadedConfig } from '../config/load.ts'
import { print, printJson, warn } from '../render/terminal.ts'
import { addExamples, type Format, outputOption, type Run } from './shared.ts'

interface ShowOptions {
  readonly config?: string
  readonly data?: string
  readonly origin?: boolean
  readonly output: Format
}

export function addConfigCommands(program: Command, run: Run): void {
  const config = program.command('config').description('show the settings and where they come from').helpCommand(false)
  addExamples(config, 'config show --origin', 'config path')
  const show = config.command('show').description('show every setting')
  addExamples(show, 'config show', 'config show --origin', 'config show -o json')
    .option('--config <file>', 'read this file in place of ./promptmesh.json')
    .option('--data <dir>', 'the data directory')
    .option('--origin', 'say where each value was set')
    .addOption(outputOption('table', 'json'))
    .action(run(showConfig))
  const paths = config.command('path').description('say where the config files are looked for, the nearer first')
  addExamples(paths, 'config path')
    .option('--config <file>', 'read this file in place of ./promptmesh.json')
    .action(run(showPaths))
}

async function showConfig(options: ShowOptions): Promise<void> {
  const { readConfig } = await import('./read-config.ts')
  const loaded = await readConfig({ config: options.config, data: options.data })
  for (const warning of loaded.warnings) warn(warning)
  if (options.output === 'json') {
    const origins = options.origin === true ? { origins: loaded.origins } : {}
    return await printJson({ schema: 'promptmesh.config/1', values: loaded.values, ...origins }, 2)
  }
  const { formatTable } = await import('../../control/format.ts')
  const rows = settingsOf(loaded).map(([key, value, origin]) =>
    options.origin === true ? [key, value, origin] : [key, value],
  )
  const titles = options.origin === true ? ['KEY', 'VALUE', 'ORIGIN'] : ['KEY', 'VALUE']
  const table = formatTable(
    titles.map((title) => ({ title })),
    rows,
  )
  await print(table.join('\n'))
}

/** Key, value as JSON where it is no plain text, and where it was said. */
function settingsOf({ values, origins }: LoadedConfig): [string, string, string][] {
  const { profiles, ...plain } = values
  const named = Object.entries(profiles).map(([name, profile]) => [`profiles.${name}`, profile] as const)
  return [...Object.entries(plain), ...named].map(([key, value]) => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
    origins[key]?.from ?? '',
  ])
}

async function showPaths({ config }: { readonly config?: string }): Promise<void> {
  const home = process.env['XDG_CONFIG_HOME'] || path.join(os.homedir(), '.config')
  const named = config ?? (process.env['PROMPTMESH_CONFIG'] || 'promptmesh.json')
  await print([path.resolve(named), path.join(home, 'promptmesh', 'config.json')].join('\n'))
}
