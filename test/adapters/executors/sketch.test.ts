/** Tests of the executor sketch: the same bytes everywhere, different ones for different prompts. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readPngText } from '../../../src/adapters/executors/png-text.ts'
import { drawScene } from '../../../src/adapters/executors/sketch/scene.ts'
import { createSketchExecutor } from '../../../src/adapters/executors/sketch.ts'
import type { Job } from '../../../src/node/ports.ts'
import { calm, openWorkbench, type Workbench } from '../../support/executor-jobs.ts'

let bench: Workbench
beforeAll(async () => {
  bench = await openWorkbench()
})
afterAll(() => bench.close())

async function draw(part: Partial<Job>): Promise<Buffer> {
  const result = await createSketchExecutor().execute(await bench.makeJob(part), calm())
  if (result.outcome !== 'completed') throw new Error(JSON.stringify(result))
  expect(result.files.map(({ name, mime }) => `${name} ${mime}`)).toEqual(['sketch.png image/png'])
  return readFile(result.files[0]?.path ?? '')
}

function hashOf(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function sizeOf(png: Buffer): string {
  return `${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`
}

describe('the executor sketch', () => {
  test('draws the same bytes for the same prompt and seed on every machine', async () => {
    expect(hashOf(drawScene('a lighthouse at dawn', 42, 512, 512))).toBe(
      'ef238712375546e60f7b051d2235a225ad68d89f74f90e1e1895e5a47127d586',
    )
    expect(hashOf(await draw({ prompt: 'a lighthouse at dawn', seed: 42 }))).toBe(
      '3b05e74e549d40d4724f20d69d18b5741ddff8b8237e1987b72184a24f6c4b01',
    )
  })

  test('draws 200 different pictures for 200 prompts', async () => {
    const hashes = new Set<string>()
    for (let index = 0; index < 200; index++) hashes.add(hashOf(drawScene(`prompt number ${index}`, 1, 512, 512)))
    expect(hashes.size).toBe(200)
    const pictures = await Promise.all(['a', 'b', 'c', 'd'].map((prompt) => draw({ prompt, seed: 1 })))
    expect(new Set(pictures.map(hashOf)).size).toBe(4)
  })

  test('draws another picture for another seed', async () => {
    const pictures = await Promise.all([1, 2, 3].map((seed) => draw({ prompt: 'one prompt', seed })))
    expect(new Set(pictures.map(hashOf)).size).toBe(3)
  })

  test('lets the words of the prompt choose what it draws and in which colours', () => {
    for (let seed = 0; seed < 20; seed++) {
      const night = skyBrightness(drawScene('the sea at night', seed, 512, 512))
      expect(night).toBeLessThan(skyBrightness(drawScene('the sea on a sunny day', seed, 512, 512)))
    }
  })

  test('uses shapes only: no text, no fonts, no pictures', () => {
    for (const word of [
      'mountain',
      'forest',
      'desert',
      'sea',
      'city',
      'flower',
      'planet',
      'wind',
      'mosaic',
      'bubble',
    ]) {
      const kinds = new Set([...drawScene(word, 5, 512, 512).matchAll(/<([a-zA-Z]+)/g)].map((match) => match[1]))
      expect([...kinds].filter((kind) => !SHAPES.includes(kind ?? ''))).toEqual([])
    }
  })

  test('writes whole, finite numbers only', () => {
    for (let seed = 0; seed < 150; seed++)
      expect(drawScene('', seed, 512, 512)).not.toMatch(/NaN|Infinity|undefined|\d\.\d{3}/)
  })

  test('is 512 by 512 unless the parameters say otherwise', async () => {
    expect(sizeOf(await draw({}))).toBe('512x512')
    expect(sizeOf(await draw({ params: { width: 64, height: 333 } }))).toBe('64x333')
    expect(sizeOf(await draw({ params: { width: '777', height: 100 } }))).toBe('777x100')
  })

  test.each([63, 2049, 100.5, '10 px', false, -512, { value: 512 }])(
    'refuses the width %j as bad input',
    async (width) => {
      const job = await bench.makeJob({ params: { width } })
      const result = await createSketchExecutor().execute(job, calm())
      expect(result).toMatchObject({
        outcome: 'failed',
        error: { class: 'bad-input', message: expect.stringContaining('width is') },
      })
    },
  )

  test('says in its metadata what it is', async () => {
    expect(readPngText(await draw({}), 'Software')).toBe('promptmesh sketch (a drawing by rule, not by a model)')
  })

  test('draws prompts of any characters and length', async () => {
    for (const prompt of ['', '\0', '<svg/onload=x>&"\'', '山と海 🌊', 'x'.repeat(65_536), '\ud800']) {
      expect(sizeOf(await draw({ prompt }))).toBe('512x512')
    }
  })

  test('fails as data where the folder cannot be written', async () => {
    const job = await bench.makeJob({ folder: join(bench.folder, 'missing') })
    expect(await createSketchExecutor().execute(job, calm())).toMatchObject({
      outcome: 'failed',
      error: { class: 'failed' },
    })
  })
})

const SHAPES = ['svg', 'defs', 'linearGradient', 'stop', 'rect', 'ellipse', 'path']

/** Red, green and blue of the first gradient's top and middle, added up. */
function skyBrightness(svg: string): number {
  const stops = [...svg.matchAll(/stop-color="#(..)(..)(..)"/g)].slice(0, 2)
  return stops.flatMap((stop) => stop.slice(1)).reduce((sum, part) => sum + Number.parseInt(part, 16), 0)
}
