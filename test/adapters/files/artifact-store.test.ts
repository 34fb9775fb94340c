/** The artifact store: what is kept is named by its bytes, and only plain files of an attempt are kept. */
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openArtifactStore } from '../../../src/adapters/files/artifact-store.ts'
import type { ArtifactStore, OutputFile } from '../../../src/node/ports.ts'
import { mountSmallDisk } from '../../support/small-disk.ts'

let directory: string
let store: ArtifactStore
let folder: string

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'promptmesh-artifacts-'))
  store = openArtifactStore({ directory, artifactBytesMax: 1_000_000 })
  folder = await store.makeFolder()
})
afterEach(() => rm(directory, { recursive: true }))

function output(file: string): OutputFile {
  return { path: file, name: path.basename(file), mime: 'image/png' }
}

async function leave(name: string, content: string | Uint8Array): Promise<OutputFile> {
  const file = path.join(folder, name)
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, content)
  return output(file)
}

const hashOf = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex')

describe('The artifact store', () => {
  test.each([0, 1, 262_144, 600_001, 1_000_000])(
    'keeps a file of %d bytes under its hash, and takes it away from the attempt',
    async (bytes) => {
      const content = randomBytes(bytes)
      const file = await leave('deep/er/a.png', content)
      const artifact = await store.put(file)
      const sha256 = hashOf(content)
      expect(artifact).toEqual({ sha256, bytes, mime: 'image/png', name: 'a.png' })
      const kept = await store.find(sha256)
      expect(kept).toBe(path.join(directory, 'artifacts', sha256.slice(0, 2), sha256))
      expect(Buffer.compare(await readFile(kept ?? ''), content)).toBe(0)
      await expect(stat(file.path)).rejects.toMatchObject({ code: 'ENOENT' })
    },
  )

  test('keeps equal files once, also when they come at the same time', async () => {
    const files = await Promise.all(['a.png', 'b.png', 'c.png'].map((name) => leave(name, 'same')))
    const artifacts = await Promise.all(files.map((file) => store.put(file)))
    expect(artifacts.map((artifact) => artifact.sha256)).toEqual(Array(3).fill(hashOf('same')))
    expect(artifacts.map((artifact) => artifact.name)).toEqual(['a.png', 'b.png', 'c.png'])
    expect(await readdir(path.join(directory, 'artifacts', hashOf('same').slice(0, 2)))).toEqual([hashOf('same')])
    expect(await readdir(folder)).toEqual([])
  })

  test('replaces a kept file that was cut short', async () => {
    const { sha256 } = await store.put(await leave('a', 'whole'))
    const kept = (await store.find(sha256)) ?? ''
    await writeFile(kept, 'who')
    await store.put(await leave('a', 'whole'))
    expect(await readFile(kept, 'utf8')).toBe('whole')
  })

  test('keeps a copy where the file has a second name that could change it', async () => {
    const elsewhere = path.join(directory, 'model-cache')
    await writeFile(elsewhere, 'cached')
    await link(elsewhere, path.join(folder, 'a'))
    const { sha256 } = await store.put(output(path.join(folder, 'a')))
    await writeFile(elsewhere, 'changed')
    expect(await readFile((await store.find(sha256)) ?? '', 'utf8')).toBe('cached')
    expect(await readdir(folder)).toEqual([])
  })

  test('refuses whatever is no plain file in the folder of an attempt', async () => {
    const outside = path.join(directory, 'secret')
    await mkdir(path.join(directory, 'elsewhere'))
    for (const file of [outside, path.join(directory, 'elsewhere', 'secret')]) await writeFile(file, 'secret')
    await symlink(outside, path.join(folder, 'link'))
    await symlink(path.join(directory, 'elsewhere'), path.join(folder, 'linked'))
    await mkdir(path.join(folder, 'inner'))
    execFileSync('mkfifo', [path.join(folder, 'pipe')])
    const paths = [
      outside,
      path.join(folder, '..', '..', 'secret'),
      path.join(folder, 'link'),
      path.join(folder, 'linked', 'secret'),
      path.join(folder, 'inner'),
      path.join(folder, 'pipe'),
      path.join(folder, 'nothing'),
      path.join(folder, 'x'.repeat(300)),
      path.join(folder, 'no', 'such', 'folder'),
      path.join(folder, 'inner\0'),
      folder,
      '/dev/null',
    ]
    for (const each of paths) {
      await expect(store.put(output(each)), each).rejects.toMatchObject({
        code: 'MESH_BAD_REQUEST',
        message: expect.stringContaining(JSON.stringify(each)),
      })
    }
    expect(await readFile(outside, 'utf8')).toBe('secret')
    expect(await store.find(hashOf('secret'))).toBeUndefined()
  })

  test('refuses a file over the limit, and leaves it where it is', async () => {
    const file = await leave('big', Buffer.alloc(1_000_001))
    await expect(store.put(file)).rejects.toMatchObject({
      code: 'MESH_BAD_REQUEST',
      message: expect.stringContaining('1000000'),
    })
    expect((await stat(file.path)).size).toBe(1_000_001)
  })

  test.each([
    '',
    'ab',
    '../../etc/passwd',
    `${'a'.repeat(63)}/`,
    'A'.repeat(64),
    `${'a'.repeat(64)}\n`,
    'a'.repeat(64),
  ])('finds nothing under %j', async (sha256) => {
    expect(await store.find(sha256)).toBeUndefined()
  })

  test('gives each attempt an empty folder of its own, readable for nobody else', async () => {
    const other = await store.makeFolder()
    expect(other).not.toBe(folder)
    expect(await readdir(other)).toEqual([])
    expect((await stat(other)).mode & 0o777).toBe(0o700)
  })

  test('removes the folder of an attempt with all that is in it, but not what its links point to', async () => {
    await leave('deep/file', 'x')
    await writeFile(path.join(directory, 'kept'), 'x')
    await symlink(directory, path.join(folder, 'up'))
    await store.removeFolder(folder)
    expect(await readdir(path.join(directory, 'attempts'))).toEqual([])
    expect(await readFile(path.join(directory, 'kept'), 'utf8')).toBe('x')
    await store.removeFolder(folder)
  })

  test('removes no other folder', async () => {
    for (const each of [directory, path.join(directory, 'attempts'), path.join(folder, 'deep')]) {
      await expect(store.removeFolder(each)).rejects.toThrow(TypeError)
    }
    expect(await readdir(folder)).toEqual([])
  })

  test('removes what an earlier process left at its first attempt, not before, and keeps artifacts', async () => {
    const { sha256 } = await store.put(await leave('a', 'kept'))
    await leave('b', 'left over')
    const next = openArtifactStore({ directory })
    expect(await next.find(sha256)).toBeDefined()
    expect(await readdir(folder)).toEqual(['b'])
    const made = await Promise.all([next.makeFolder(), next.makeFolder()])
    expect((await readdir(path.join(directory, 'attempts'))).sort()).toEqual(
      made.map((each) => path.basename(each)).sort(),
    )
    expect(await next.find(sha256)).toBeDefined()
  })
})

describe('The artifact store on a full disk', () => {
  const disk = mountSmallDisk(1)
  afterAll(() => disk.remove())

  test.runIf(disk.mounted)('says that it is full, and keeps what it has', async () => {
    const small = openArtifactStore({ directory: disk.folder })
    const attempt = await small.makeFolder()
    const cached = path.join(directory, 'cached')
    await writeFile(cached, randomBytes(700_000))
    const first = path.join(attempt, 'first')
    await writeFile(first, await readFile(cached))
    // A file with a second name has to be copied, and there is no room for a copy.
    await link(first, path.join(attempt, 'second'))
    await expect(small.put(output(first))).rejects.toMatchObject({ code: 'MESH_DISK_FULL' })
    await rm(path.join(attempt, 'second'))
    for (const name of await readdir(attempt)) if (name !== 'first') await rm(path.join(attempt, name))
    const { sha256 } = await small.put(output(first))
    expect(await small.find(sha256)).toBeDefined()
  })
})
