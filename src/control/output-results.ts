/** What files the result of a task gives, and where their bytes come from. */
import { createHash } from 'node:crypto'
import type { TaskView } from '../node/api.ts'
import type { ArtifactContent, OutputFile } from './output-files.ts'
import { extensionOf, fileName } from './output-names.ts'

/** Gets an artifact's bytes; undefined where nobody who can be reached has them. */
export type ReadArtifact = (sha256: string) => Promise<ArtifactContent | undefined>

export interface ResultFile {
  readonly file: OutputFile
  readonly content: () => Promise<ArtifactContent | undefined>
}

/** The files of a task under that stem: artifacts first, then the text; one that left nothing at all has an empty text. */
export function resultFiles(task: TaskView, stem: string, readArtifact: ReadArtifact): ResultFile[] {
  const files: ResultFile[] = task.artifacts.map(({ sha256, bytes, mime }, position) => ({
    file: { name: fileName(stem, position, mime), sha256, bytes, mime },
    content: () => readArtifact(sha256),
  }))
  const text = task.text ?? ''
  return text === '' && files.length > 0 ? files : [...files, textFile(task, stem, text)]
}

/** A text has the plain stem, or the next number where an artifact is a text. */
function textFile({ artifacts }: TaskView, stem: string, text: string): ResultFile {
  const [first] = artifacts
  const position = first !== undefined && extensionOf(first.mime) === 'txt' ? artifacts.length : 0
  const bytes = Buffer.from(text)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const file = { name: fileName(stem, position, 'text/plain'), sha256, bytes: bytes.length, mime: 'text/plain' }
  return { file, content: async () => once(bytes) }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
