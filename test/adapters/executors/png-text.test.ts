/** Tests of text chunks in PNG files. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync, inflateSync } from 'node:zlib'
import { Resvg } from '@resvg/resvg-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addPngText, readPngText, stampPng } from '../../../src/adapters/executors/png-text.ts'

const PNG = new Resvg(
  '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="4" fill="#f80"/></svg>',
)
  .render()
  .asPng()
const RECORD = { batch: 'b', index: 7, prompt: 'a "quoted" 🦊\nprompt', seed: 42, node: 'gpu-01', attempt: 2 }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promptmesh-png-'))
})
afterAll(() => rm(folder, { recursive: true }))

function chunkTypes(png: Uint8Array): string[] {
  const file = Buffer.from(png)
  const types: string[] = []
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at))
    types.push(file.toString('latin1', at + 4, at + 8))
  return types
}

function pixels(png: Uint8Array): Buffer {
  const at = Buffer.from(png).indexOf('IDAT')
  return inflateSync(Buffer.from(png).subarray(at + 4))
}

describe('text chunks of PNG files', () => {
  test('are added behind the header and read back', () => {
    const named = addPngText(PNG, 'Comment', 'grüße 🦊') ?? Buffer.alloc(0)
    expect(chunkTypes(named).slice(0, 2)).toEqual(['IHDR', 'iTXt'])
    expect(readPngText(named, 'Comment')).toBe('grüße 🦊')
    expect(readPngText(named, 'Other')).toBeUndefined()
  })

  test('leave every other byte of the file as it was', () => {
    const named = Buffer.from(addPngText(PNG, 'Comment', 'x') ?? [])
    const added = named.length - PNG.length
    expect(Buffer.concat([named.subarray(0, 33), named.subarray(33 + added)]).equals(PNG)).toBe(true)
    expect(pixels(named).equals(pixels(PNG))).toBe(true)
  })

  test('keep the chunks of a back end', () => {
    const first = addPngText(PNG, 'parameters', 'steps: 20') ?? PNG
    const second = addPngText(first, 'promptmesh', '{}') ?? PNG
    expect(readPngText(second, 'parameters')).toBe('steps: 20')
    expect(readPngText(second, 'promptmesh')).toBe('{}')
  })

  test('give a file that a decoder still takes', () => {
    const named = addPngText(PNG, 'promptmesh', 'x'.repeat(100_000)) ?? PNG
    const href = `data:image/png;base64,${Buffer.from(named).toString('base64')}`
    const shown = new Resvg(
      `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><image width="8" height="8" href="${href}"/></svg>`,
    )
    expect([...shown.render().pixels.subarray(0, 4)]).toEqual([255, 136, 0, 255])
  })

  test('are refused to what is no PNG', () => {
    for (const bytes of [
      new Uint8Array(0),
      Buffer.from('hello'),
      Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
      PNG.subarray(0, 8),
    ]) {
      expect(addPngText(bytes, 'promptmesh', 'x')).toBeUndefined()
      expect(readPngText(bytes, 'promptmesh')).toBeUndefined()
    }
  })

  test('are refused to a PNG that is cut off or damaged at any byte', () => {
    for (let at = 0; at < PNG.length; at++) {
      expect(addPngText(PNG.subarray(0, at), 'promptmesh', 'x')).toBeUndefined()
      const damaged = Buffer.from(PNG)
      damaged[at] = (damaged[at] ?? 0) ^ 0x55
      expect(addPngText(damaged, 'promptmesh', 'x')).toBeUndefined()
    }
  })

  test('are not read where they are compressed', () => {
    const text = Buffer.concat([Buffer.from('Comment\0\x01\0\0\0', 'latin1'), deflateSync('hidden')])
    const plain = addPngText(PNG, 'Marker', text.toString('latin1')) ?? PNG
    expect(readPngText(plain, 'Comment')).toBeUndefined()
  })

  test('reject a keyword that the format does not know', () => {
    for (const keyword of ['', ' x', 'x'.repeat(80), 'a\0b'])
      expect(() => addPngText(PNG, keyword, 'x')).toThrow(TypeError)
  })
})

describe('stamping a picture', () => {
  test('puts the record into the file and leaves nothing beside it', async () => {
    const path = join(folder, 'picture.png')
    await writeFile(path, PNG)
    expect(await stampPng(path, RECORD)).toBe(true)
    expect(JSON.parse(readPngText(await readFile(path), 'promptmesh') ?? '')).toEqual(RECORD)
    expect(await readdir(folder)).toEqual(['picture.png'])
  })

  test('leaves a file that is no PNG as it is', async () => {
    const path = join(folder, 'other.png')
    await writeFile(path, 'not a picture')
    expect(await stampPng(path, RECORD)).toBe(false)
    expect(await readFile(path, 'utf8')).toBe('not a picture')
  })
})
