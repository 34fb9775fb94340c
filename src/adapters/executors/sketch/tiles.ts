/** A scene of tiles in a grid: discs, quarters, arches, stripes, in few colours. */
import { type Canvas, fixed, lines } from './canvas.ts'
import { lighten } from './color.ts'
import { inksOf } from './palette.ts'
import type { Stage } from './scenery.ts'

interface Tile {
  readonly x: number
  readonly y: number
  readonly side: number
  /** 0 left top, 1 right bottom, 2 right top, 3 left bottom: the corner that the pattern looks to. */
  readonly corner: number
  readonly first: string
  readonly second: string
}

export function drawTiles({ canvas, dice, colors }: Stage): void {
  canvas.fill(lighten(colors.sky[2], 0.2))
  const side = 512 / dice.pick([4, 4, 5, 6])
  const paints = inksOf(colors)
  for (let y = 0; y < canvas.height - 1; y += side) {
    for (let x = 0; x < canvas.width - 1; x += side) {
      const ground = dice.pick(paints)
      const rest = paints.filter((paint) => paint !== ground)
      canvas.rectangle(x, y, side + 0.5, side + 0.5, ground)
      const tile = { x, y, side, corner: dice.whole(0, 3), first: dice.pick(rest), second: dice.pick(rest) }
      dice.pick(PATTERNS)(canvas, tile)
    }
  }
}

const PATTERNS: readonly ((canvas: Canvas, tile: Tile) => void)[] = [
  (canvas, { x, y, side, first, second }) => {
    canvas.circle(x + side / 2, y + side / 2, side * 0.4, first)
    canvas.circle(x + side / 2, y + side / 2, side * 0.2, second)
  },
  (canvas, tile) => {
    drawQuarter(canvas, tile, tile.side, tile.first, tile.corner)
    drawQuarter(canvas, tile, tile.side * 0.55, tile.second, tile.corner)
  },
  (canvas, tile) => {
    drawQuarter(canvas, tile, tile.side / 2, tile.first, tile.corner)
    drawQuarter(canvas, tile, tile.side / 2, tile.second, tile.corner ^ 1)
  },
  (canvas, { x, y, side, first }) => {
    for (let stripe = 0; stripe < 3; stripe++) canvas.rectangle(x, y + (stripe * side) / 3, side, side / 6, first)
  },
  (canvas, { x, y, side, corner, first }) => {
    const [left, right, top, bottom] = [x, x + side, y, y + side]
    canvas.shape(
      lines([
        [left, corner % 2 === 0 ? top : bottom],
        [right, top],
        [corner % 2 === 0 ? left : right, bottom],
      ]),
      first,
    )
  },
  (canvas, { x, y, side, first, second }) => {
    drawArch(canvas, x, y + side, side, first)
    drawArch(canvas, x, y + side / 2, side, second)
  },
  (canvas, { x, y, side, first }) => canvas.circle(x + side / 2, y + side / 2, side * 0.14, first),
]

function drawArch(canvas: Canvas, x: number, foot: number, width: number, paint: string): void {
  const half = fixed(width / 2)
  canvas.shape(`M${fixed(x)} ${fixed(foot)}A${half} ${half} 0 0 1 ${fixed(x + width)} ${fixed(foot)}`, paint)
}

function drawQuarter(canvas: Canvas, { x, y, side }: Tile, radius: number, paint: string, corner: number): void {
  const [left, right, top, bottom, r] = [fixed(x), fixed(x + side), fixed(y), fixed(y + side), fixed(radius)]
  const arc = `A${r} ${r} 0 0 1 `
  const paths = [
    `M${left} ${top}h${r}${arc}${left} ${fixed(y + radius)}`,
    `M${right} ${bottom}h-${r}${arc}${right} ${fixed(y + side - radius)}`,
    `M${right} ${top}v${r}${arc}${fixed(x + side - radius)} ${top}`,
    `M${left} ${bottom}v-${r}${arc}${fixed(x + radius)} ${bottom}`,
  ]
  canvas.shape(paths[corner] ?? '', paint)
}
