/** A file system so small that a test can fill it. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk {
  readonly folder: string
  /** False where this user may not mount; that is said aloud. */
  readonly mounted: boolean
  remove(): void
}

/** Mounts an empty file system of that many MiB, in memory. */
export function mountSmallDisk(mebibytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'promptmesh-small-disk-'))
  const mounted = tryMount(folder, mebibytes)
  if (!mounted) console.warn('NOT RUN: the tests of a full disk mount a small file system, and this user may not')
  return {
    folder,
    mounted,
    remove: () => {
      // Lazy: a log of this process may be open there to its end.
      if (mounted) execFileSync('umount', ['--lazy', folder])
      rmSync(folder, { recursive: true })
    },
  }
}

function tryMount(folder: string, mebibytes: number): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch (error) {
    if (error instanceof Error) return false
    throw error
  }
}
