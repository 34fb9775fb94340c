/** Tests of an output folder in which somebody else, a crash or an attacker has left things: nothing hangs, nothing outside is touched. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MetadataFile } from '../../src/control/metadata.ts'
import { OutputFolder } from '../../src/control/output-folder.ts'
import { pullBatch } from '../../src/control/pull.ts'
import {
  artifactOf,
  contentsOf,
  listedIn,
  localStore,
  metadataOf,
  picturesOf,
  sha256,
  sourceOf,
  streamOf,
  taskOf,
} from './output-support.ts'

let root = ''
let out = ''
let first = ''

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'promptmesh-hostile-'))
  out = path.join(root, 'out')
  first = path.join(out, '00000')
  await mkdir(first, { recursive: true })
})

afterEach(() => rm(root, { recursive: true, force: true }))

function outputError(pattern: RegExp) {
  return expect.objectContaining({ code: 'MESH_OUTPUT', message: expect.stringMatching(pattern) })
}

function makeFifo(file: string): void {
  execFileSync('mkfifo', [file])
}

describe('the batch of a folder', () => {
  test('is told by any of its thousands, so that another batch is refused before anything is placed', async () => {
    await pullBatch(sourceOf([taskOf(123_456_789)], picturesOf(123_456_789)), 'demo', out)
    const before = await contentsOf(out)
    const other = taskOf(0, { batch: 'other' })
    await expect(pullBatch(sourceOf([other], picturesOf(0)), 'other', out)).rejects.toEqual(
      outputError(/holds the files of batch "demo"; choose another folder for "other"$/),
    )
    expect(await contentsOf(out)).toEqual(before)
  })

  test('is told also where no task of the other one has a result yet', async () => {
    await pullBatch(sourceOf([taskOf(1)], picturesOf(1)), 'demo', out)
    await expect(pullBatch(sourceOf([], picturesOf()), 'other', out)).rejects.toEqual(outputError(/batch "demo"/))
  })

  test('with control characters in its name does not reach the terminal, and is one line', async () => {
    await writeFile(path.join(first, 'metadata.jsonl'), '{"file_name":"x","batch":"\\u001b[2J\\nevil\\u009b"}\n')
    const output = await OutputFolder.open(out)
    expect(() => output.claimFor('demo')).toThrow(/batch "\[2J evil"; choose/)
  })
})

describe('metadata.jsonl', () => {
  const metadata = () => path.join(first, 'metadata.jsonl')

  test('that is a link is not written through', async () => {
    const outside = path.join(root, 'precious')
    await writeFile(outside, 'precious\n')
    await symlink(outside, metadata())
    await expect(pullBatch(sourceOf([taskOf(1)], picturesOf(1)), 'demo', out)).rejects.toEqual(
      outputError(/metadata\.jsonl cannot be written: it is a link or a folder; move it away/),
    )
    expect(await readFile(outside, 'utf8')).toBe('precious\n')
  })

  test.each([
    ['a folder', () => mkdir(metadata())],
    ['a pipe that nobody writes to', async () => makeFifo(metadata())],
  ])('that is %s is told in one line', async (_, make) => {
    await make()
    await expect(pullBatch(sourceOf([taskOf(1)], picturesOf(1)), 'demo', out)).rejects.toEqual(
      outputError(/metadata\.jsonl cannot be written/),
    )
  })

  test('with an endless line is read in bounded memory, and put right', async () => {
    await writeFile(metadata(), '')
    await truncate(metadata(), 300 * 1024 * 1024)
    const before = process.memoryUsage.rss()
    await pullBatch(sourceOf([taskOf(1)], picturesOf(1)), 'demo', out)
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 * 1024)
    expect((await metadataOf(out)).map(({ index }) => index)).toEqual([1])
  })

  test('has one line a file however a reader cuts lines, and the prompt comes back whole', async () => {
    const ends = '\n\r\r\n\v\f\u001c\u001d\u001e\u0085\u2028\u2029'
    const prompt = `a${ends}b`.repeat(3_000)
    const params = { [`odd${ends}name`]: `odd${ends}value` }
    await pullBatch(sourceOf([taskOf(1, { prompt, params }), taskOf(2)], picturesOf(1, 2)), 'demo', out)
    const text = await readFile(metadata(), 'utf8')
    expect(Array.from(text).filter((character) => ends.includes(character))).toEqual(['\n', '\n'])
    expect((await metadataOf(out))[0]).toMatchObject({ prompt, ...params })
  })

  test('that another process adds to or replaces while it is put in order loses no line', async () => {
    const lines = [3, 1, 2].map((index) => `{"file_name":"mine-${index}.png","index":${index}}\n`)
    await writeFile(metadata(), lines.join(''))
    const file = await MetadataFile.open(first, [])
    await Promise.all([file.tidy(), appendFile(metadata(), '{"file_name":"late.png","index":0}\n')])
    expect((await listedIn(out)).sort()).toEqual(['late.png', 'mine-1.png', 'mine-2.png', 'mine-3.png'])
    await writeFile(metadata(), lines.join(''))
    const again = await MetadataFile.open(first, [])
    const replace = async (): Promise<void> => {
      await writeFile(path.join(first, 'fresh'), [...lines, '{"file_name":"late.png","index":0}\n'].join(''))
      await rename(path.join(first, 'fresh'), metadata())
    }
    await Promise.all([replace(), again.tidy()])
    expect(await listedIn(out)).toContain('late.png')
  })
})

describe('where a picture should be', () => {
  const target = () => path.join(first, '000000001.png')

  test('a link that leads elsewhere is replaced, and what it leads to is not touched', async () => {
    const outside = path.join(root, 'precious')
    await writeFile(outside, 'precious')
    await pullBatch(sourceOf([taskOf(1)], picturesOf(1)), 'demo', out)
    await rm(target())
    await symlink(outside, target())
    expect(await pullBatch(sourceOf([taskOf(1)], picturesOf(1)), 'demo', out)).toMatchObject({ written: 1 })
    expect(await readFile(outside, 'utf8')).toBe('precious')
    expect(await readFile(target(), 'utf8')).toBe('picture 1')
    expect((await readdir(first)).sort()).toEqual(['000000001.png', 'metadata.jsonl'])
  })

  test('a link to the picture, which the user has moved to another disk, counts as the picture', async () => {
    await pullBatch(sourceOf([taskOf(1)], picturesOf(1)), 'demo', out)
    await rename(target(), path.join(root, 'moved.png'))
    await symlink(path.join(root, 'moved.png'), target())
    const result = await pullBatch(sourceOf([taskOf(1)], picturesOf(1)), 'demo', out, { verify: true })
    expect(result).toMatchObject({ written: 0, present: 1 })
    expect(await readlink(target())).toBe(path.join(root, 'moved.png'))
  })

  test('a link in a circle is told in one line', async () => {
    await pullBatch(sourceOf([taskOf(1)], picturesOf(1)), 'demo', out)
    await rm(target())
    await symlink(target(), target())
    await expect(pullBatch(sourceOf([taskOf(1)], picturesOf(1)), 'demo', out)).rejects.toEqual(
      outputError(/000000001\.png cannot be written: symbolic links lead in a circle/),
    )
  })

  test('a folder is never taken for the picture, also where it has its size', async () => {
    const empty = artifactOf('x'.repeat((await stat(first)).size))
    const task = taskOf(1, { artifacts: [empty] })
    const read = streamOf(['x'.repeat(empty.bytes)])
    await pullBatch(sourceOf([task], read), 'demo', out)
    await rm(target())
    await mkdir(target())
    await expect(pullBatch(sourceOf([task], read), 'demo', out)).rejects.toEqual(
      outputError(/there is a folder of that name/),
    )
  })

  test('a pipe that nobody writes to holds nothing up', async () => {
    const task = taskOf(1, { artifacts: [artifactOf('')] })
    await pullBatch(sourceOf([task], streamOf([''])), 'demo', out)
    await rm(target())
    makeFifo(target())
    expect(await pullBatch(sourceOf([task], streamOf([''])), 'demo', out)).toMatchObject({ written: 1 })
    expect(await readFile(target(), 'utf8')).toBe('')
  })

  test('bytes that nobody can give back stay with their line, and are made right when somebody can', async () => {
    await pullBatch(sourceOf([taskOf(1)], picturesOf(1)), 'demo', out)
    await writeFile(target(), 'touched up')
    expect(await pullBatch(sourceOf([taskOf(1)], picturesOf()), 'demo', out)).toMatchObject({ missingCount: 1 })
    expect(await listedIn(out)).toEqual(['000000001.png'])
    expect(await pullBatch(sourceOf([taskOf(1)], picturesOf(1)), 'demo', out)).toMatchObject({ written: 1 })
    expect(await contentsOf(out)).toMatchObject({ '00000/000000001.png': 'picture 1' })
    expect(await readdir(first)).toHaveLength(2)
  })
})

test('a folder that has the name of a temporary file is left alone', async () => {
  await mkdir(path.join(out, '.promptmesh.999999-0.part'))
  await mkdir(path.join(first, '.000000001.png.999999-1.part'))
  expect(await pullBatch(sourceOf([taskOf(1)], picturesOf(1)), 'demo', out)).toMatchObject({ written: 1 })
  expect(await readdir(out)).toContain('.promptmesh.999999-0.part')
})

test('folders opened at the same time do not get in each other’s way, and leave nothing behind', async () => {
  await Promise.all(Array.from({ length: 8 }, () => OutputFolder.open(out)))
  expect(await readdir(out)).toEqual(['00000'])
})

test('a picture of this machine whose bytes have rotted is found out when it is told to verify', async () => {
  const store = path.join(root, 'store')
  const read = await localStore(store, ['picture 1'])
  await pullBatch(sourceOf([taskOf(1)], read), 'demo', out)
  await writeFile(path.join(store, sha256('picture 1')), 'pIcture 1')
  const result = await pullBatch(sourceOf([taskOf(1)], read), 'demo', out, { verify: true })
  expect(result).toMatchObject({ written: 0, present: 0, missing: [{ why: 'damaged' }] })
})

describe('a disk that becomes read-only or loses a folder on the way', () => {
  test('is told in one line', async (context) => {
    const disk = path.join(root, 'disk')
    await mkdir(disk)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', disk]).status === 0
    if (!mounted) context.skip('NOT TESTED: a small tmpfs cannot be mounted here (needs the superuser)')
    try {
      const output = await OutputFolder.open(disk)
      await output.write(taskOf(1), picturesOf(1))
      execFileSync('mount', ['-o', 'remount,ro', disk])
      await expect(output.write(taskOf(2), picturesOf(2))).rejects.toEqual(outputError(/the file system is read-only/))
      await expect(output.finish()).resolves.toBeUndefined()
      execFileSync('mount', ['-o', 'remount,rw', disk])
      await pullBatch(sourceOf([taskOf(1), taskOf(2)], picturesOf(1, 2)), 'demo', disk)
      expect(await listedIn(disk)).toEqual(['000000001.png', '000000002.png'])
    } finally {
      execFileSync('umount', [disk])
    }
  })

  test('or has a file in the place of a folder', async () => {
    const output = await OutputFolder.open(out)
    await output.write(taskOf(1), picturesOf(1))
    await rm(first, { recursive: true })
    await writeFile(first, '')
    await expect(output.write(taskOf(2), picturesOf(2))).rejects.toEqual(outputError(/a part of the path is a file/))
  })

  test('or a folder of a thousand that may not be written', async () => {
    await pullBatch(sourceOf([taskOf(1)], picturesOf(1)), 'demo', out)
    await chmod(first, 0o555)
    const superuser = process.geteuid?.() === 0
    if (superuser) await chmod(root, 0o755)
    // The superuser may write everywhere; nobody may not.
    if (superuser) execFileSync('chown', ['-R', '65534', out])
    if (superuser) process.seteuid?.(65_534)
    try {
      const pull = pullBatch(sourceOf([taskOf(1), taskOf(2)], picturesOf(1, 2)), 'demo', out)
      await expect(pull).rejects.toEqual(outputError(/no permission/))
    } finally {
      if (superuser) process.seteuid?.(0)
      await chmod(first, 0o755)
    }
    expect(await listedIn(out)).toEqual(['000000001.png'])
  })
})
