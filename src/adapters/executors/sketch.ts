/** The executor `sketch`: draws a picture from the prompt and the seed by rule, without a model, for trying and tests. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { renderAsync } from '@resvg/resvg-js'
import type { Json, Params } from '../../core/facts.ts'
import type { ExecutionResult, Executor, Job } from '../../node/ports.ts'
import { failed, failureOf } from './failure.ts'
import { addPngText } from './png-text.ts'
import { drawScene } from './sketch/scene.ts'

const SIDE_DEFAULT = 512
const SIDE_MIN = 64
const SIDE_MAX = 2048
const SOFTWARE = 'promptmesh sketch (a drawing by rule, not by a model)'

/**
 * Makes the executor `sketch`. Its result is `sketch.png`: 512 x 512, or what the parameters `width` and `height`
 * say (64 to 2048 pixels). The same prompt, seed and size give the same bytes on every machine.
 */
export function createSketchExecutor(): Executor {
  return { usesFolder: true, execute: draw, close: async () => {} }
}

async function draw(job: Job, signal: AbortSignal): Promise<ExecutionResult> {
  const [width, height] = [sideOf(job.params, 'width'), sideOf(job.params, 'height')]
  if (typeof width !== 'number') return failed('bad-input', width.problem)
  if (typeof height !== 'number') return failed('bad-input', height.problem)
  if (signal.aborted) return { outcome: 'stopped' }
  try {
    const svg = drawScene(job.prompt, job.seed, width, height)
    // The signal is not handed on: it could not end a rendering that has begun, and that takes some 30 ms.
    const picture = await renderAsync(svg, { font: { loadSystemFonts: false }, logLevel: 'off' })
    if (signal.aborted) return { outcome: 'stopped' }
    const path = join(job.folder, 'sketch.png')
    await writeFile(path, withSoftware(picture.asPng()))
    return { outcome: 'completed', files: [{ path, name: 'sketch.png', mime: 'image/png' }] }
  } catch (error) {
    return failureOf(error, 'cannot write the picture')
  }
}

function withSoftware(png: Uint8Array): Uint8Array {
  const named = addPngText(png, 'Software', SOFTWARE)
  if (named === undefined) throw new TypeError('resvg gave bytes that are no PNG')
  return named
}

/** A side of the picture in pixels; numbers written as text, as CSV columns are, count as numbers. */
function sideOf(params: Params, key: 'width' | 'height'): number | { problem: string } {
  const given: Json = params[key] ?? SIDE_DEFAULT
  const value = typeof given === 'string' && /^\d{1,5}$/.test(given) ? Number(given) : given
  if (typeof value === 'number' && Number.isInteger(value) && value >= SIDE_MIN && value <= SIDE_MAX) return value
  const shown = JSON.stringify(given).slice(0, 40)
  return { problem: `${key} is ${shown}; sketch draws whole numbers of pixels from ${SIDE_MIN} to ${SIDE_MAX}` }
}
