/** Tests of the output folder: layout, names, metadata, and how bytes get there. */
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { placeFile } from '../../src/control/output-files.ts'
import { OutputFolder } from '../../src/control/output-folder.ts'
import {
  artifactOf,
  chunksOf,
  contentsOf,
  listedIn,
  localStore,
  metadataOf,
  picturesOf,
  sha256,
  streamOf,
  taskOf,
} from './output-support.ts'

let root = ''
let out = ''

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'promptmesh-output-'))
  out = path.join(root, 'out')
})

afterEach(() => rm(root, { recursive: true, force: true }))

const png = 'image/png'

describe('names', () => {
  test('a thousand tasks share a folder, and files are named by their index', async () => {
    const indexes = [0, 999, 1_000, 12_345, 123_456_789]
    const output = await OutputFolder.open(out)
    for (const index of indexes) await output.write(taskOf(index), picturesOf(index))
    await output.finish()
    const names = Object.keys(await contentsOf(out)).filter((name) => !name.endsWith('metadata.jsonl'))
    expect(names).toEqual([
      '00000/000000000.png',
      '00000/000000999.png',
      '00001/000001000.png',
      '00012/000012345.png',
      '123456/123456789.png',
    ])
    expect(await listedIn(out, '00012')).toEqual(['000012345.png'])
  })

  test('the extension comes from the type alone, with bin for what is unknown', async () => {
    const types = {
      'image/png': 'png',
      'image/jpeg': 'jpg',
      'image/webp': 'webp',
      'image/gif': 'gif',
      'image/svg+xml': 'svg',
      'TEXT/plain; charset=utf-8': 'txt',
      'application/json': 'json',
      'application/x-sh': 'bin',
      '': 'bin',
    }
    const artifacts = Object.keys(types).map((mime) => artifactOf(`a ${mime}`, mime))
    const output = await OutputFolder.open(out)
    await output.write(taskOf(7, { artifacts }), streamOf(Object.keys(types).map((mime) => `a ${mime}`)))
    const [first, ...others] = Object.values(types)
    expect((await listedIn(out)).sort()).toEqual(
      [`000000007.${first}`, ...others.map((extension, at) => `000000007-${at + 2}.${extension}`)].sort(),
    )
  })

  test('tasks that share an index keep their label, and stand behind the plain one', async () => {
    const output = await OutputFolder.open(out)
    const contents = ['x', 'y', 'z', 'z2', 'w']
    const files = (...some: readonly string[]) => ({ artifacts: some.map((content) => artifactOf(content)) })
    await output.write(taskOf(6, files('w')), streamOf(contents))
    await output.write(taskOf(5, { label: '5~ff01', id: 'ff01', ...files('z', 'z2') }), streamOf(contents))
    await output.write(taskOf(5, { label: '5~0a1b', id: '0a1b', ...files('y') }), streamOf(contents))
    await output.write(taskOf(5, files('x')), streamOf(contents))
    await output.finish()
    expect(await listedIn(out)).toEqual([
      '000000005.png',
      '000000005~0a1b.png',
      '000000005~ff01.png',
      '000000005~ff01-2.png',
      '000000006.png',
    ])
    expect((await contentsOf(out))['00000/000000005~ff01-2.png']).toBe('z2')
  })

  test('a label, index or id that is not one never becomes a path', async () => {
    const output = await OutputFolder.open(out)
    for (const wrong of [{ label: '../../x' }, { label: '5~../x' }, { label: '5/6' }, { id: '../x' }]) {
      await expect(output.write(taskOf(5, wrong), picturesOf(5))).rejects.toThrow(TypeError)
    }
    await expect(output.write(taskOf(-1, { label: '1' }), picturesOf(-1))).rejects.toThrow(TypeError)
  })
})

describe('texts', () => {
  test('a text result is a .txt of its bytes', async () => {
    const text = 'Zwei Zeilen\nmit ünïcode 🎨'
    const output = await OutputFolder.open(out)
    await output.write(taskOf(3, { text, artifacts: [] }), streamOf([]))
    expect((await contentsOf(out))['00000/000000003.txt']).toBe(text)
    const [row] = await metadataOf(out)
    expect(row).toMatchObject({ mime: 'text/plain', sha256: sha256(text), bytes: Buffer.byteLength(text) })
  })

  test('text beside a picture has the picture’s stem, and beside a .txt the next number', async () => {
    const output = await OutputFolder.open(out)
    await output.write(taskOf(1, { text: 'caption' }), picturesOf(1))
    await output.write(taskOf(2, { text: 'words', artifacts: [artifactOf('long', 'text/plain')] }), streamOf(['long']))
    const { '00000/metadata.jsonl': _, ...files } = await contentsOf(out)
    expect(files).toEqual({
      '00000/000000001.png': 'picture 1',
      '00000/000000001.txt': 'caption',
      '00000/000000002.txt': 'long',
      '00000/000000002-2.txt': 'words',
    })
  })

  test('a task that left nothing has an empty text, an empty text beside a picture is none', async () => {
    const output = await OutputFolder.open(out)
    await output.write(taskOf(1, { artifacts: [] }), streamOf([]))
    await output.write(taskOf(2, { text: '' }), picturesOf(2))
    expect((await contentsOf(out))['00000/000000001.txt']).toBe('')
    expect(await listedIn(out)).toEqual(['000000001.txt', '000000002.png'])
  })
})

describe('metadata', () => {
  test('a line has file_name first, then our columns, then the parameters', async () => {
    const output = await OutputFolder.open(out)
    const params = { width: 512, Category: 'Animals', nested: { a: [1, null] } }
    await output.write(taskOf(4, { prompt: 'a "quoted"\nprompt 🎨', params, node: null, seconds: null }), picturesOf(4))
    const line = (await contentsOf(out))['00000/metadata.jsonl'] ?? ''
    expect(line).toBe(
      `{"file_name":"000000004.png","batch":"demo","index":4,"id":"${taskOf(4).id}","prompt":"a \\"quoted\\"\\nprompt 🎨",` +
        `"profile":"sketch","seed":5,"node":null,"attempts":1,"seconds":null,"sha256":"${sha256('picture 4')}","bytes":9,"mime":"image/png",` +
        `"width":512,"Category":"Animals","nested":{"a":[1,null]}}\n`,
    )
  })

  test('a parameter with the name of our column gets param_ before it, and nothing is lost', async () => {
    const output = await OutputFolder.open(out)
    const params = { index: 'A', param_index: 'B', file_name: '../x', prompt: 'other', bytes: 9 }
    await output.write(taskOf(4, { params }), picturesOf(4))
    expect((await metadataOf(out))[0]).toMatchObject({
      file_name: '000000004.png',
      index: 4,
      param_index: 'A',
      param_param_index: 'B',
      param_file_name: '../x',
      prompt: 'prompt 4',
      param_prompt: 'other',
      bytes: 9,
    })
  })

  test('the seed that the user gave stands once', async () => {
    const output = await OutputFolder.open(out)
    await output.write(taskOf(4, { seed: 42, params: { seed: 42 } }), picturesOf(4))
    const [row] = await metadataOf(out)
    expect(row?.['seed']).toBe(42)
    expect(row).not.toHaveProperty('param_seed')
  })

  test('parameters named by a number or __proto__ come out as they are, behind file_name', async () => {
    const output = await OutputFolder.open(out)
    const params = JSON.parse('{"7":"seven","__proto__":"odd"}') as { [name: string]: string }
    await output.write(taskOf(4, { params }), picturesOf(4))
    const line = (await contentsOf(out))['00000/metadata.jsonl'] ?? ''
    expect(line).toMatch(/^\{"file_name":/)
    expect(line).toMatch(/"7":"seven","__proto__":"odd"\}\n$/)
  })

  test('lines stand in the order of completion while running, in the order of the file once finished', async () => {
    const output = await OutputFolder.open(out)
    const order = [5, 3, 9, 10, 4]
    for (const index of order) await output.write(taskOf(index), picturesOf(index))
    expect((await metadataOf(out)).map(({ index }) => index)).toEqual(order)
    await output.finish()
    expect((await metadataOf(out)).map(({ index }) => index)).toEqual([3, 4, 5, 9, 10])
  })

  test('tasks written at the same time, in many folders, are all listed once', async () => {
    const output = await OutputFolder.open(out)
    const indexes = Array.from({ length: 400 }, (_, at) => (at * 7_919) % 20_000)
    const read = picturesOf(...indexes)
    await Promise.all(indexes.map((index) => output.write(taskOf(index), read)))
    await output.finish()
    const folders = (await readdir(out)).sort()
    expect(folders.length).toBeGreaterThan(8)
    const listed = (await Promise.all(folders.map((folder) => metadataOf(out, folder)))).flat()
    expect(listed.map(({ index }) => index)).toEqual([...indexes].sort((a, b) => a - b))
  })

  test('putting in order while tasks are written loses no line', async () => {
    const output = await OutputFolder.open(out)
    const indexes = Array.from({ length: 60 }, (_, at) => 59 - at)
    const read = picturesOf(...indexes)
    await Promise.all(indexes.flatMap((index) => [output.write(taskOf(index), read), output.finish()]))
    await output.finish()
    expect((await metadataOf(out)).map(({ index }) => index)).toEqual([...indexes].reverse())
  })

  test('lines of somebody else’s files are kept byte for byte, behind ours', async () => {
    await mkdir(path.join(out, '00000'), { recursive: true })
    await appendFile(path.join(out, '00000', 'metadata.jsonl'), '{ "file_name": "mine.png",  "x": 1 }\n')
    const output = await OutputFolder.open(out)
    await output.write(taskOf(1), picturesOf(1))
    await output.finish()
    const text = await readFile(path.join(out, '00000', 'metadata.jsonl'), 'utf8')
    expect(text).toMatch(/^\{"file_name":"000000001\.png".*\n\{ "file_name": "mine\.png", {2}"x": 1 \}\n$/)
  })
})

describe('bytes', () => {
  test('an artifact of this machine is hard-linked on the same file system', async () => {
    const read = await localStore(path.join(root, 'store'), ['picture 1'])
    const output = await OutputFolder.open(out)
    expect(await output.write(taskOf(1), read)).toEqual({ written: 1, present: 0, missing: [] })
    const [placed, stored] = await Promise.all([
      stat(path.join(out, '00000', '000000001.png')),
      stat(path.join(root, 'store', sha256('picture 1'))),
    ])
    expect(placed.ino).toBe(stored.ino)
    expect(placed.nlink).toBe(2)
  })

  test('a link that is verified against itself, or placed over itself, leaves no temporary file', async () => {
    const read = await localStore(path.join(root, 'store'), ['picture 1'])
    await (await OutputFolder.open(out)).write(taskOf(1), read)
    const target = path.join(out, '00000', '000000001.png')
    const file = { ...artifactOf('picture 1'), name: '000000001.png' }
    expect(await placeFile(target, file, path.join(root, 'store', file.sha256), false)).toBe('placed')
    expect(await readdir(path.dirname(target))).toEqual(['000000001.png', 'metadata.jsonl'])
  })

  test('a readable stream, as an HTTP client gives it, is written and checked', async () => {
    const output = await OutputFolder.open(out)
    const web = Readable.toWeb(Readable.from([Buffer.from('picture 2')]))
    await output.write(taskOf(1), async () => Readable.from([Buffer.from('picture '), Buffer.from('1')]))
    await output.write(taskOf(2), async () => web as AsyncIterable<Uint8Array>)
    expect(await contentsOf(out)).toMatchObject({
      '00000/000000001.png': 'picture 1',
      '00000/000000002.png': 'picture 2',
    })
  })

  test.each([
    ['other bytes of the same length', 'picture X'],
    ['too few', 'pict'],
    ['too many', 'picture 1 and more'],
    ['none', ''],
  ])('a stream of %s is rejected: nothing is placed, nothing listed', async (_, content) => {
    const output = await OutputFolder.open(out)
    const result = await output.write(taskOf(1), async () => chunksOf(Buffer.from(content)))
    const missing = [{ index: 1, sha256: sha256('picture 1'), why: 'damaged' }]
    expect(result).toEqual({ written: 0, present: 0, missing })
    expect(await contentsOf(out)).toEqual({})
  })

  test('an endless stream is given up at the first byte too many', async () => {
    let ended = false
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(1024)
      } finally {
        ended = true
      }
    }
    const output = await OutputFolder.open(out)
    expect((await output.write(taskOf(1), async () => endless())).missing).toHaveLength(1)
    expect(ended).toBe(true)
  })

  test('a local artifact of the wrong size is damaged, one that is gone is absent', async () => {
    const read = await localStore(path.join(root, 'store'), ['picture 1', 'picture 2'])
    await writeFile(path.join(root, 'store', sha256('picture 1')), 'pic')
    await rm(path.join(root, 'store', sha256('picture 2')))
    const output = await OutputFolder.open(out)
    expect((await output.write(taskOf(1), read)).missing).toMatchObject([{ why: 'damaged' }])
    expect((await output.write(taskOf(2), read)).missing).toMatchObject([{ why: 'absent' }])
  })

  test('a stream that breaks leaves no file behind and its error is passed on', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('pict')
      throw Object.assign(new Error('the peer went away'), { code: 'ECONNRESET' })
    }
    const output = await OutputFolder.open(out)
    await expect(output.write(taskOf(1), async () => broken())).rejects.toThrow('the peer went away')
    expect(await contentsOf(out)).toEqual({})
    expect(await output.write(taskOf(1), picturesOf(1))).toMatchObject({ written: 1 })
  })

  test('of a task with several files the ones that can be had are written, with a line each', async () => {
    const artifacts = ['a', 'b', 'c'].map((content) => artifactOf(content, png))
    const output = await OutputFolder.open(out)
    const result = await output.write(taskOf(1, { artifacts }), streamOf(['a', 'c']))
    expect(result).toEqual({ written: 2, present: 0, missing: [{ index: 1, sha256: sha256('b'), why: 'absent' }] })
    expect(await listedIn(out)).toEqual(['000000001.png', '000000001-3.png'])
  })

  test('a task that is not COMPLETED is refused', async () => {
    const output = await OutputFolder.open(out)
    await expect(output.write(taskOf(1, { state: 'FAILED' }), picturesOf(1))).rejects.toThrow(TypeError)
  })
})
