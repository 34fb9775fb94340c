/** The command line: what is asked, done by the command that it names, answered with an exit code. */
import { Command, CommanderError } from 'commander'
import { MeshError } from '../core/errors.ts'
import { nearest } from '../intake/nearest.ts'
import { addChangeCommands } from './commands/change.ts'
import { addConfigCommands } from './commands/config.ts'
import { addDeleteCommand } from './commands/delete.ts'
import { addPullCommand } from './commands/pull.ts'
import { addRunCommand } from './commands/run.ts'
import { addSeedCommand } from './commands/seed.ts'
import { addExamples, type Run } from './commands/shared.ts'
import { addStatusCommands } from './commands/status.ts'
import { addTaskCommands } from './commands/tasks.ts'
import { addUpCommands } from './commands/up.ts'
import { addVersionCommand } from './commands/version.ts'
import { addWaitCommand } from './commands/wait.ts'
import { describeError, describeUsage, EXIT, exitCodeOf } from './errors.ts'
import { forUser, type NodeOptions } from './same-node.ts'
import { endAtInterrupt } from './signals.ts'
import { readVersion } from './version.ts'

/** Does what the arguments ask, without node and script among them; answers the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  endQuietlyWithReader()
  const release = endAtInterrupt()
  let exitCode: number = EXIT.ok
  const run: Run =
    (action) =>
    async (...args) => {
      try {
        exitCode = (await action(...args)) ?? EXIT.ok
      } catch (error) {
        // The options come last but for the command itself.
        throw forUser(error, args.at(-2) as NodeOptions)
      }
    }
  try {
    const program = buildProgram(run, argv[0])
    if (argv.length === 0) program.outputHelp()
    else await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    console.error(describeError(error, (process.env['PROMPTMESH_DEBUG'] ?? '') !== ''))
    return exitCodeOf(error)
  } finally {
    release()
  }
}

function buildProgram(run: Run, named: string | undefined): Command {
  const program = new Command('promptmesh')
    .description('Runs a million prompts on the machines you have, with no master.')
    .version(readVersion(), '-V, --version')
    .showSuggestionAfterError()
    .exitOverride()
    .helpCommand(false)
    .configureOutput({
      outputError: (text, write) => {
        const command = program.commands.find((known) => known.name() === named)?.name()
        write(`${describeUsage(text, command)}\n`)
      },
    })
  addExamples(program, 'run prompts.txt --out images', 'up', 'seed prompts.txt', 'status -w')
  program.commandsGroup('On this machine:')
  addRunCommand(program, run)
  addUpCommands(program, run)
  program.commandsGroup('Batches:')
  addSeedCommand(program, run)
  addStatusCommands(program, run)
  addWaitCommand(program, run)
  addPullCommand(program, run)
  addChangeCommands(program, run)
  addDeleteCommand(program, run)
  program.commandsGroup('Tasks:')
  addTaskCommands(program, run)
  program.commandsGroup('Settings:')
  addConfigCommands(program, run)
  addVersionCommand(program, run)
  addHelpCommand(program, run)
  return program
}

function addHelpCommand(program: Command, run: Run): void {
  const help = program.command('help [command...]').description('show the help of a command')
  addExamples(help, 'help', 'help seed', 'help config show').action(
    run(async (names: readonly string[]) => findCommand(program, names).outputHelp()),
  )
}

/** @throws MESH_BAD_REQUEST there is no such command */
function findCommand(program: Command, names: readonly string[]): Command {
  return names.reduce((parent, name) => {
    const known = parent.commands.map((command) => command.name())
    const command = parent.commands[known.indexOf(name)]
    if (command !== undefined) return command
    const meant = nearest(name, known)
    const hint = meant === undefined ? '' : `did you mean ${meant}? `
    throw new MeshError('MESH_BAD_REQUEST', `unknown command '${name}'; ${hint}\`promptmesh help\` lists the commands`)
  }, program)
}

/** A reader of the data that has seen enough, such as `head`, ends the command quietly; messages that nobody reads are no reason to end. */
function endQuietlyWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok)
    const reason = error.code === 'ENOSPC' ? 'the disk is full' : (error.code ?? error.message)
    console.error(describeError(new MeshError('MESH_OUTPUT', `the output cannot be written: ${reason}`), false))
    process.exit(EXIT.error)
  })
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
