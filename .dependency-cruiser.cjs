/** The import table of docs/architecture.md as rules; test/house/architecture.test.ts plants a violation of each one. */

/** Values that every folder may take from core; of the rest of core, folders around it import types only. */
const CORE_VOCABULARY = '^src/core/(errors|facts|ids|member-entry|nearest|settings)\\.ts$'

/** Packages that have a home: the one folder that knows them. */
const PACKAGE_HOMES = [
  { packages: 'level|classic-level|abstract-level|memory-level', name: 'level', home: '^src/adapters/level/' },
  {
    packages: 'libp2p|@libp2p/[^/]+|@chainsafe/[^/]+|@multiformats/[^/]+',
    name: 'libp2p',
    home: '^src/adapters/libp2p/',
  },
  { packages: '@resvg/resvg-js', name: 'resvg', home: '^src/adapters/executors/' },
  { packages: 'cborg', name: 'cborg', home: '^src/(codec|adapters/level)/' },
  { packages: 'csv-parse', name: 'csv-parse', home: '^src/intake/' },
  { packages: 'fastify', name: 'fastify', home: '^src/control/' },
  { packages: 'commander|log-update', name: 'terminal-packages', home: '^src/cli/' },
]

/** Inside `folder`, an import of anything that does not match `allowed` is an error; `scope` narrows what is looked at. */
function mayImport(name, comment, folder, allowed, scope = {}) {
  return { name, comment, severity: 'error', from: { path: folder }, to: { ...scope, pathNot: allowed } }
}

module.exports = {
  forbidden: [
    mayImport('core-imports-core-and-codec', 'core is pure: no Node, no package', '^src/core/', '^src/(core|codec)/'),
    mayImport(
      'codec-imports-core-and-cborg',
      'codec is pure: bytes in, facts out',
      '^src/codec/',
      '^src/(core|codec)/|node_modules/cborg/',
    ),
    mayImport(
      'node-imports-core',
      'the driver meets the world through its ports; Node itself is allowed',
      '^src/node/',
      '^src/(core|node)/',
      { dependencyTypesNot: ['core'] },
    ),
    mayImport(
      'adapters-import-core-codec-and-ports',
      'an adapter implements a port and knows nothing else of the node',
      '^src/adapters/([^/]+)/',
      '^src/(core|codec|adapters)/|^src/node/(ports|api)\\.ts$',
      { path: '^src/' },
    ),
    mayImport(
      'adapters-know-no-other-adapter',
      'only create-node wires adapters together',
      '^src/adapters/([^/]+)/',
      '^src/adapters/$1/',
      { path: '^src/adapters/' },
    ),
    mayImport('intake-imports-core', 'intake reads files and knows no node', '^src/intake/', '^src/(core|intake)/', {
      path: '^src/',
    }),
    mayImport(
      'control-imports-core-node-and-intake',
      'control shows a node; which adapters it has is not its business',
      '^src/control/',
      '^src/(core|node|intake|control)/',
      { path: '^src/' },
    ),
    mayImport(
      'cli-imports-control-and-intake',
      'the CLI talks to a node through control, never to its inside',
      '^src/cli/',
      '^src/(cli|control|intake)/|^src/create-node\\.ts$|^src/core/errors\\.ts$|^src/node/api\\.ts$',
      { path: '^src/' },
    ),
    {
      name: 'cli-imports-create-node-lazily',
      comment: 'client commands must start without the store and the network: use await import()',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/create-node\\.ts$', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    mayImport('web-imports-nothing-of-src', 'the page speaks HTTP', '^src/web/', '^src/web/', { path: '^src/' }),
    {
      name: 'nobody-imports-the-cli',
      comment: 'the CLI is an end: only its own files import it',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'only-types-of-core',
      comment: 'outside core and node, core is a vocabulary: types, identifiers, errors, settings',
      severity: 'error',
      from: { path: '^src/(codec|adapters|intake|control)/' },
      to: { path: '^src/core/', pathNot: CORE_VOCABULARY, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-folder-without-a-row',
      comment: 'a new folder of src needs a row in the import table and a rule here',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '^src/(core|codec|node|adapters/[^/]+|intake|control|cli|web)/|^src/(index|create-node)\\.ts$',
      },
      to: {},
    },
    ...PACKAGE_HOMES.map(({ packages, name, home }) => ({
      name: `${name}-only-at-home`,
      comment: `only ${home} knows ${packages}`,
      severity: 'error',
      from: { path: '^src/', pathNot: home },
      to: { path: `node_modules/(${packages})/` },
    })),
    {
      name: 'src-stands-alone',
      comment: 'what is published does not import tests, scripts or the build',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|scripts|bin|dist)/' },
    },
    {
      name: 'declared-dependencies-only',
      comment: 'a package that src imports stands under "dependencies" in package.json',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-cycles',
      comment: 'files that need each other are one file, or miss a third',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'the import leads nowhere',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
}
