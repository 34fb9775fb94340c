/** Tests of an output folder that cannot be written, on real file systems: the errors say why in one line. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OutputFolder } from '../../src/control/output-folder.ts'
import { pullBatch } from '../../src/control/pull.ts'
import {
  artifactOf,
  contentsOf,
  localStore,
  metadataOf,
  picturesOf,
  sha256,
  sourceOf,
  streamOf,
  taskOf,
} from './output-support.ts'

let root = ''

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'promptmesh-unwritable-'))
})

afterEach(() => rm(root, { recursive: true, force: true }))

function outputError(pattern: RegExp) {
  return expect.objectContaining({ code: 'MESH_OUTPUT', message: expect.stringMatching(pattern) })
}

describe('what stands in the way', () => {
  test('a file where the folder should be', async () => {
    const file = path.join(root, 'file')
    await writeFile(file, 'keep me')
    await expect(OutputFolder.open(file)).rejects.toEqual(
      outputError(/file cannot be written: there is a file of that name/),
    )
    await expect(OutputFolder.open(path.join(file, 'below'))).rejects.toEqual(
      outputError(/a part of the path is a file/),
    )
    expect(await contentsOf(root)).toEqual({ file: 'keep me' })
  })

  test('a file where a numbered folder should be, or a folder where a picture should be', async () => {
    await writeFile(path.join(root, '00000'), '')
    const output = await OutputFolder.open(root)
    await expect(output.write(taskOf(1), picturesOf(1))).rejects.toEqual(outputError(/00000 cannot be written/))
    await rm(path.join(root, '00000'))
    await mkdir(path.join(root, '00000', '000000001.png'), { recursive: true })
    await expect(output.write(taskOf(1), picturesOf(1))).rejects.toEqual(outputError(/there is a folder of that name/))
    await rm(path.join(root, '00000', '000000001.png'), { recursive: true })
    expect(await output.write(taskOf(1), picturesOf(1))).toMatchObject({ written: 1 })
  })

  test('the files of another batch, which are not overwritten', async () => {
    await (await OutputFolder.open(root)).write(taskOf(1, { batch: 'cats' }), picturesOf(1))
    const output = await OutputFolder.open(root)
    const dog = taskOf(1, { batch: 'dogs', artifacts: [artifactOf('a dog')] })
    await expect(output.write(dog, streamOf(['a dog']))).rejects.toEqual(
      outputError(/holds the files of batch "cats"; choose another folder for "dogs"$/),
    )
    const fresh = await OutputFolder.open(path.join(root, 'dogs'))
    await fresh.write(dog, streamOf(['a dog']))
    await expect(fresh.write(taskOf(2, { batch: 'cats' }), picturesOf(2))).rejects.toEqual(outputError(/batch "dogs"/))
    expect(await contentsOf(root)).toMatchObject({ '00000/000000001.png': 'picture 1' })
  })

  test('a symbolic link that leads nowhere', async () => {
    await symlink(path.join(root, 'nowhere'), path.join(root, 'link'))
    await expect(OutputFolder.open(path.join(root, 'link'))).rejects.toEqual(outputError(/cannot be written/))
  })

  test('permissions', async () => {
    await chmod(root, 0o555)
    const superuser = process.geteuid?.() === 0
    // The superuser may write everywhere; nobody may not.
    if (superuser) process.seteuid?.(65_534)
    try {
      await expect(OutputFolder.open(path.join(root, 'out'))).rejects.toEqual(outputError(/no permission/))
      await expect(OutputFolder.open(root)).rejects.toEqual(outputError(/no permission/))
    } finally {
      if (superuser) process.seteuid?.(0)
      await chmod(root, 0o755)
    }
  })
})

/** Mounts a small file system for one test; false where this machine does not allow it. */
function mountTmpfs(folder: string, options: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'none', folder]).status === 0
}

const NOT_MOUNTED = 'NOT TESTED: a small tmpfs cannot be mounted here (needs the superuser)'

describe('on a small file system of its own', () => {
  test('a full disk is told at once or when it fills, and with space the pull goes on', async (context) => {
    if (!mountTmpfs(root, 'size=256k')) context.skip(NOT_MOUNTED)
    try {
      const out = path.join(root, 'out')
      const contents = Array.from({ length: 40 }, (_, index) => `${index}`.padEnd(20_000, '.'))
      const tasks = contents.map((content, index) => taskOf(index, { artifacts: [artifactOf(content)] }))
      const source = sourceOf(tasks, streamOf(contents))
      await expect(pullBatch(source, 'demo', out)).rejects.toEqual(outputError(/the disk is full; free some space/))
      const names = Object.keys(await contentsOf(out))
      expect(names.filter((name) => name.endsWith('.part'))).toEqual([])
      await expect(writeFile(path.join(root, 'filler'), Buffer.alloc(300_000))).rejects.toThrow('ENOSPC')
      await expect(OutputFolder.open(out)).rejects.toEqual(outputError(/the disk is full/))
      await rm(path.join(root, 'filler'))
      execFileSync('mount', ['-o', 'remount,size=4m', root])
      const result = await pullBatch(source, 'demo', out)
      expect(result.present).toBeGreaterThan(0)
      expect(result.written + result.present).toBe(40)
      expect((await metadataOf(out)).map(({ index }) => index)).toEqual(tasks.map(({ index }) => index))
      const { '00000/metadata.jsonl': _, ...files } = await contentsOf(out)
      expect(Object.values(files)).toEqual(contents)
    } finally {
      execFileSync('umount', [root])
    }
  })

  test('a read-only file system is told', async (context) => {
    if (!mountTmpfs(root, 'size=256k,ro')) context.skip(NOT_MOUNTED)
    try {
      await expect(OutputFolder.open(path.join(root, 'out'))).rejects.toEqual(outputError(/read-only/))
    } finally {
      execFileSync('umount', [root])
    }
  })

  test('an artifact on another file system is copied and checked', async (context) => {
    const store = path.join(root, 'store')
    await mkdir(store)
    if (!mountTmpfs(store, 'size=1m')) context.skip(NOT_MOUNTED)
    try {
      const out = path.join(root, 'out')
      const read = await localStore(store, ['picture 1', 'picture 2'])
      await writeFile(path.join(store, sha256('picture 2')), 'pIcture 2')
      const output = await OutputFolder.open(out)
      expect(await output.write(taskOf(1), read)).toMatchObject({ written: 1 })
      expect(await output.write(taskOf(2), read)).toMatchObject({ written: 0, missing: [{ why: 'damaged' }] })
      expect((await stat(path.join(out, '00000', '000000001.png'))).nlink).toBe(1)
      expect((await contentsOf(out))['00000/000000001.png']).toBe('picture 1')
    } finally {
      execFileSync('umount', [store])
    }
  })
})
