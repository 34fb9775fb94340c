/** Runs the real dependency-cruiser: our src is clean, and a planted violation of every rule is found. */
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')

interface Report {
  readonly exitCode: number
  readonly modules: number
  /** `rule: file` of every violation. */
  readonly violations: readonly string[]
}

/** Does in `folder` what `npm run check:architecture` does, and reads what it printed. */
async function cruise(folder: string): Promise<Report> {
  const binary = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
  const args = [binary, '--config', '.dependency-cruiser.cjs', 'src']
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' }
  const { stdout, code } = await promisify(execFile)(process.execPath, args, { cwd: folder, env }).then(
    (done) => ({ stdout: done.stdout, code: 0 }),
    (failure: { stdout: string; code: number }) => failure,
  )
  return {
    exitCode: code,
    modules: Number(/(\d+) modules, \d+ dependencies cruised/.exec(stdout)?.[1]),
    violations: [...stdout.matchAll(/^\s*error (\S+: \S+)/gm)].map((match) => String(match[1])),
  }
}

/** One line of code that breaks one rule. */
interface Planted {
  readonly rule: string
  readonly file: string
  readonly code: string
}

const PLANTED: readonly Planted[] = [
  { rule: 'core-imports-core-and-codec', file: 'src/core/reads-files.ts', code: `import 'node:fs'` },
  { rule: 'core-imports-core-and-codec', file: 'src/core/opens-store.ts', code: `import 'level'` },
  { rule: 'core-imports-core-and-codec', file: 'src/core/calls-node.ts', code: `import '../node/target.ts'` },
  { rule: 'codec-imports-core-and-cborg', file: 'src/codec/hashes.ts', code: `import 'node:crypto'` },
  { rule: 'node-imports-core', file: 'src/node/opens-store.ts', code: `import '../adapters/level/target.ts'` },
  { rule: 'node-imports-core', file: 'src/node/logs.ts', code: `import 'pino'` },
  {
    rule: 'adapters-import-core-codec-and-ports',
    file: 'src/adapters/level/drives.ts',
    code: `import '../../node/target.ts'`,
  },
  { rule: 'adapters-know-no-other-adapter', file: 'src/adapters/level/puts.ts', code: `import '../files/target.ts'` },
  { rule: 'intake-imports-core', file: 'src/intake/seeds.ts', code: `import '../node/target.ts'` },
  {
    rule: 'control-imports-core-node-and-intake',
    file: 'src/control/finds.ts',
    code: `import '../adapters/files/target.ts'`,
  },
  { rule: 'cli-imports-control-and-intake', file: 'src/cli/folds.ts', code: `import '../core/target.ts'` },
  { rule: 'cli-imports-create-node-lazily', file: 'src/cli/starts.ts', code: `import '../create-node.ts'` },
  { rule: 'web-imports-nothing-of-src', file: 'src/web/folds.ts', code: `import '../core/target.ts'` },
  { rule: 'nobody-imports-the-cli', file: 'src/create-node.ts', code: `import './cli/target.ts'` },
  { rule: 'only-types-of-core', file: 'src/control/calls-core.ts', code: `import '../core/target.ts'` },
  { rule: 'no-folder-without-a-row', file: 'src/utils/helps.ts', code: `import '../core/target.ts'` },
  { rule: 'level-only-at-home', file: 'src/cli/opens-store.ts', code: `import 'level'` },
  { rule: 'libp2p-only-at-home', file: 'src/control/dials.ts', code: `import '@libp2p/crypto/keys'` },
  { rule: 'resvg-only-at-home', file: 'src/cli/draws.ts', code: `import '@resvg/resvg-js'` },
  { rule: 'cborg-only-at-home', file: 'src/adapters/files/encodes.ts', code: `import 'cborg'` },
  { rule: 'csv-parse-only-at-home', file: 'src/cli/parses.ts', code: `import 'csv-parse'` },
  { rule: 'fastify-only-at-home', file: 'src/cli/serves.ts', code: `import 'fastify'` },
  { rule: 'terminal-packages-only-at-home', file: 'src/control/draws.ts', code: `import 'log-update'` },
  { rule: 'src-stands-alone', file: 'src/index.ts', code: `import '../test/target.ts'` },
  { rule: 'declared-dependencies-only', file: 'src/cli/checks.ts', code: `import 'fast-check'` },
  { rule: 'no-cycles', file: 'src/core/egg.ts', code: `import type { Hen } from './hen.ts'` },
  { rule: 'resolvable', file: 'src/intake/wanders.ts', code: `import './nowhere.ts'` },
]

/** The other half of the planted cycle. */
const HEN = { file: 'src/core/hen.ts', code: `import './egg.ts'` }

/** Imports that the table allows and a careless rule would refuse. */
const ALLOWED: readonly Omit<Planted, 'rule'>[] = [
  { file: 'src/node/hashes.ts', code: `import 'node:crypto'` },
  { file: 'src/codec/allowed.ts', code: `import 'cborg'\nimport type {} from '../core/target.ts'` },
  {
    file: 'src/adapters/level/allowed.ts',
    code: `import 'level'\nimport 'node:fs'\nimport '../../codec/target.ts'\nimport '../../node/ports.ts'\nimport type {} from '../../core/target.ts'`,
  },
  {
    file: 'src/cli/allowed.ts',
    code: `import 'commander'\nimport '../core/errors.ts'\nimport '../intake/target.ts'\nexport const load = () => import('../create-node.ts')`,
  },
  { file: 'src/control/allowed.ts', code: `import 'fastify'\nimport 'zod'\nimport '../node/target.ts'` },
]

const TARGETS = ['core', 'codec', 'node', 'adapters/level', 'adapters/files', 'intake', 'cli']
  .map((folder) => `src/${folder}/target.ts`)
  .concat('src/node/ports.ts', 'src/core/errors.ts', 'test/target.ts')

/** A small tree with our own configuration and every planted line. */
async function plant(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'promptmesh-architecture-'))
  const files = [...TARGETS.map((file) => ({ file, code: '' })), ...PLANTED, ...ALLOWED, HEN]
  for (const { file, code } of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), `${code}\nexport const there = 1\n`)
  }
  for (const file of ['.dependency-cruiser.cjs', 'package.json', 'tsconfig.json']) {
    await copyFile(join(ROOT, file), join(folder, file))
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

describe('the import table of docs/architecture.md', () => {
  let planted: Report
  let plantedFolder: string

  beforeAll(async () => {
    plantedFolder = await plant()
    planted = await cruise(plantedFolder)
  })
  afterAll(() => rm(plantedFolder, { recursive: true, force: true }))

  test('holds in src, of which dependency-cruiser really sees the modules', async () => {
    const { violations, modules, exitCode } = await cruise(ROOT)
    expect(violations).toEqual([])
    expect(modules).toBeGreaterThan(10)
    expect(exitCode).toBe(0)
  })

  test('makes a run with violations fail', () => {
    expect(planted.exitCode).toBeGreaterThan(0)
  })

  test.each(PLANTED)('finds a violation of $rule in $file', ({ rule, file }) => {
    expect(planted.violations).toContain(`${rule}: ${file}`)
  })

  test.each(ALLOWED)('allows the imports of $file', ({ file }) => {
    expect(planted.violations.filter((violation) => violation.endsWith(`: ${file}`))).toEqual([])
  })

  test('has no rule that no planted violation tests', () => {
    const rules: readonly { name: string }[] = createRequire(import.meta.url)(
      join(ROOT, '.dependency-cruiser.cjs'),
    ).forbidden
    expect(new Set(PLANTED.map(({ rule }) => rule))).toEqual(new Set(rules.map(({ name }) => name)))
  })
})
