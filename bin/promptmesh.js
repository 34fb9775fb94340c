#!/usr/bin/env node
/** Starts the CLI once this Node is known to be new enough; before that nothing is imported and no new syntax is used. */
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 12)) {
  fail(
    `needs Node 22.12 or newer, this is ${process.versions.node}: ` +
      'in a clone use `npx promptmesh` after `npm ci`, which brings its own Node; elsewhere install a newer Node',
  )
} else {
  // No rejection handler on purpose: what arrives here is a defect, and Node ends the process with its stack.
  void start()
}

function start() {
  return import('node:fs').then(({ existsSync }) => {
    const cli = new URL('../dist/cli/main.js', import.meta.url)
    return existsSync(cli) ? run(cli) : fail('not built yet: run `npm run build` in the clone')
  })
}

function run(cli) {
  return import(cli.href)
    .then(({ main }) => main(process.argv.slice(2)))
    .then((exitCode) => {
      process.exitCode = exitCode
    })
}

function fail(message) {
  console.error(`promptmesh: ${message}`)
  process.exitCode = 1
}
