/** Opens the prompts that a command was given: a file, or `-` for what is piped in. */
import { MeshError } from '../core/errors.ts'
import { nearest } from '../intake/nearest.ts'
import { openPrompts, PROMPT_FORMATS, type PromptFormat, type PromptSource } from '../intake/open.ts'

/** @throws MESH_INPUT it cannot be read */
export function openInput(file: string, format: PromptFormat | undefined): Promise<PromptSource> {
  if (file === '-' && process.stdin.isTTY === true) {
    process.stderr.write('reading prompts from the terminal, one a line; Ctrl-D ends\n')
  }
  return openPrompts(file, {
    ...(file === '-' && { stdin: process.stdin }),
    ...(format !== undefined && { format }),
  })
}

/** The format of `--format`, if it was given. @throws MESH_BAD_REQUEST there is no such format */
export function readFormat(text: string | undefined): PromptFormat | undefined {
  const format = PROMPT_FORMATS.find((known) => known === text?.toLowerCase())
  if (format !== undefined || text === undefined) return format
  const meant = nearest(text, PROMPT_FORMATS)
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`
  throw new MeshError('MESH_BAD_REQUEST', `--format ${text}: the formats are ${PROMPT_FORMATS.join(', ')}${hint}`)
}
