/** The version of this package. */
import { readFileSync } from 'node:fs'

/** As package.json says it; the file is two folders up both in src and in dist. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}
