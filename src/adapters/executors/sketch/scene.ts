/** The drawing of a prompt: a scene and a palette chosen from its words and from chance, as an SVG document. */
import { drawRibbons, drawRings } from './abstract.ts'
import { Canvas } from './canvas.ts'
import { drawCity } from './city.ts'
import { drawDesert } from './desert.ts'
import { diceFor } from './dice.ts'
import { drawFlowers } from './flowers.ts'
import { drawForest, drawMountains } from './landscapes.ts'
import { choosePalette, type Mood } from './palette.ts'
import type { Stage } from './scenery.ts'
import { drawSea } from './sea.ts'
import { drawSpace } from './space.ts'
import { drawTiles } from './tiles.ts'

interface Scene {
  readonly draw: (stage: Stage) => void
  readonly words: string
  readonly suits: readonly Mood[]
}

const OPEN: readonly Mood[] = ['dawn', 'day', 'sunset', 'night', 'winter']

const SCENES: readonly Scene[] = [
  {
    draw: drawMountains,
    words: 'mountain mountains hill hills valley peak alps volcano cliff landscape snow castle horse dragon eagle bird',
    suits: OPEN,
  },
  {
    draw: drawForest,
    words: 'forest tree trees wood woods jungle park bear wolf deer fox owl squirrel monkey leaf autumn',
    suits: ['dawn', 'sunset', 'winter', 'green', 'night'],
  },
  {
    draw: drawDesert,
    words: 'desert dune dunes sand pyramid pyramids camel cactus egypt canyon',
    suits: ['dry', 'sunset'],
  },
  {
    draw: drawSea,
    words:
      'sea ocean wave waves beach boat ship sail sailing lake river water island fish whale dolphin shark harbor coast',
    suits: ['sea', 'sunset', 'dawn', 'day', 'night'],
  },
  {
    draw: drawCity,
    words:
      'city street town building buildings skyscraper tower skyline bridge house car taxi bus train london york tokyo paris',
    suits: OPEN,
  },
  {
    draw: drawFlowers,
    words:
      'flower flowers rose roses tulip garden blossom meadow bouquet bee butterfly spring sunflower daisy plant field',
    suits: ['dawn', 'day', 'pink', 'green', 'yellow'],
  },
  {
    draw: drawSpace,
    words: 'space planet planets galaxy star stars astronaut rocket alien universe cosmos moon mars saturn ufo robot',
    suits: ['night', 'purple', 'blue', 'red'],
  },
  {
    draw: drawRibbons,
    words: 'wind music dream flow smoke fire silk dance abstract life',
    suits: [...OPEN, 'purple', 'sea', 'red', 'green'],
  },
  {
    draw: drawTiles,
    words: 'pattern geometric mosaic tile tiles square squares triangle cube bauhaus grid abstract logo',
    suits: ['dawn', 'day', 'sea', 'dry', 'pink', 'orange', 'purple', 'green'],
  },
  {
    draw: drawRings,
    words: 'circle circles ball balls bubble bubbles atom molecule orbit wheel abstract element',
    suits: ['dawn', 'day', 'sea', 'dry', 'pink', 'orange', 'green', 'grey'],
  },
]

/**
 * Draws a prompt as an SVG document of shapes; the same prompt, seed and size give the same text everywhere.
 * @param width pixels, as `height`; their ratio shapes the drawing, their size only its fineness
 */
export function drawScene(prompt: string, seed: number, width: number, height: number): string {
  const dice = diceFor(prompt, seed)
  const words = new Set(prompt.toLowerCase().match(/[a-z]+/g) ?? [])
  const scene = chooseScene(words, dice)
  const colors = choosePalette(words, scene.suits, dice)
  const unit = 512 / Math.min(width, height)
  const canvas = new Canvas(width * unit, height * unit)
  scene.draw({ canvas, dice, colors, words })
  return canvas.toSvg(width, height)
}

function chooseScene(words: ReadonlySet<string>, dice: ReturnType<typeof diceFor>): Scene {
  const hits = SCENES.map((scene) => scene.words.split(' ').filter((word) => words.has(word)).length)
  const most = Math.max(...hits)
  return dice.pick(SCENES.filter((_, index) => hits[index] === most))
}
