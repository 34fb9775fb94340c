/** Reads the repository's own files, for tests about them. */
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')

export interface SourceFile {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
}

/** The files that match a pattern such as `src/core/*.ts`, sorted; never none, so that a check of them cannot be empty. */
export function sourceFiles(pattern: string): readonly SourceFile[] {
  const paths = globSync(pattern, { cwd: ROOT }).sort()
  if (paths.length === 0) throw new TypeError(`no file matches ${pattern}`)
  return paths.map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

/** A JSON file of the repository. */
export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
}
