/** The files that a command left in its folder. */
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { OutputFile } from '../../node/ports.ts'
import { MIME_HEAD_BYTES, mimeOf } from './mime.ts'

/** Regular files of a folder by name; hidden ones, subfolders and links are left out. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort((a, b) => (a < b ? -1 : 1))
}

/** A file of the folder with its media type. */
export async function describeFile(folder: string, name: string): Promise<OutputFile> {
  const path = join(folder, name)
  const file = await open(path, 'r')
  try {
    const head = Buffer.alloc(MIME_HEAD_BYTES)
    const { bytesRead } = await file.read(head, 0, MIME_HEAD_BYTES, 0)
    return { path, name, mime: mimeOf(head.subarray(0, bytesRead), name) }
  } finally {
    await file.close()
  }
}
