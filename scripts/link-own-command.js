/**
 * Puts this clone's own command among those of its dependencies, so that `npx promptmesh` runs it at once with the
 * Node of the clone. Without it npx installs the clone into npm's cache first, which takes seconds and, where the
 * build failed once, keeps failing.
 */
import { existsSync, lstatSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../node_modules/.bin/', import.meta.url))
const link = `${folder}promptmesh`
const target = '../../bin/promptmesh.js'

if (process.platform !== 'win32' && existsSync(folder)) {
  const present = lstatSync(link, { throwIfNoEntry: false })
  if (present?.isSymbolicLink() && readlinkSync(link) !== target) unlinkSync(link)
  if (!lstatSync(link, { throwIfNoEntry: false })) symlinkSync(target, link)
}
