/** What several scenes share: sky, sun and moon, stars, clouds, birds, and the lines of hills. */
import { type Canvas, curve, fixed, lines, type Point } from './canvas.ts'
import { lighten, mix } from './color.ts'
import type { Dice } from './dice.ts'
import { isDark, type Palette } from './palette.ts'

/** All that a scene draws with. */
export interface Stage {
  readonly canvas: Canvas
  readonly dice: Dice
  readonly colors: Palette
  /** The words of the prompt, lower case. */
  readonly words: ReadonlySet<string>
}

export function drawSky({ canvas, colors }: Stage, horizon = 1): void {
  const [top, middle, bottom] = colors.sky
  canvas.fill(
    canvas.vertical([
      { at: 0, color: top },
      { at: 0.5 * horizon, color: middle },
      { at: horizon, color: bottom },
    ]),
  )
}

export function drawStars({ canvas, dice, colors }: Stage, count: number, depth: number): void {
  for (let star = 0; star < count; star++) {
    const size = dice.chance(0.12) ? dice.between(1.3, 2) : dice.between(0.4, 1)
    const height = dice.next()
    canvas.circle(
      dice.next() * canvas.width,
      height * depth,
      size,
      colors.light,
      dice.between(0.35, 1) * (1.1 - height * 0.7),
    )
  }
}

/** A sun, or a moon with a shaded side or a crescent, with rings of light around it. Answers where it stands. */
export function drawLight(stage: Stage, x: number, y: number, radius: number): Point {
  const { canvas, dice, colors } = stage
  const dark = isDark(colors)
  for (const reach of [3.1, 2.35, 1.75, 1.32]) canvas.circle(x, y, radius * reach, colors.light, dark ? 0.05 : 0.1)
  if (dark && dice.chance(0.5)) drawCrescent(stage, x, y, radius)
  else {
    canvas.circle(x, y, radius, colors.light)
    if (dark) drawCraters(stage, x, y, radius)
  }
  return [x, y]
}

function drawCrescent({ canvas, dice, colors }: Stage, x: number, y: number, radius: number): void {
  const side = dice.chance(0.5) ? 1 : 0
  const r = fixed(radius)
  const inner = fixed(radius * dice.between(1.05, 1.35))
  const path = `M${fixed(x)} ${fixed(y - radius)}A${r} ${r} 0 1 ${side} ${fixed(x)} ${fixed(y + radius)}A${inner} ${inner} 0 0 ${1 - side} ${fixed(x)} ${fixed(y - radius)}`
  canvas.shape(path, colors.light)
}

function drawCraters({ canvas, dice, colors }: Stage, x: number, y: number, radius: number): void {
  const shade = mix(colors.light, colors.sky[1], 0.25)
  for (let crater = 0; crater < 5; crater++) {
    const [dx, dy] = [dice.between(-0.55, 0.55), dice.between(-0.55, 0.55)]
    canvas.circle(x + dx * radius, y + dy * radius, radius * dice.between(0.07, 0.22), shade, 0.6)
  }
}

/** Flat clouds: a few overlapping pills. */
export function drawClouds({ canvas, dice, colors }: Stage, count: number, from: number, to: number): void {
  for (let cloud = 0; cloud < count; cloud++) {
    const [x, y] = [dice.between(-0.05, 1) * canvas.width, dice.between(from, to)]
    const width = dice.between(60, 150)
    const paint = lighten(colors.sky[2], 0.35)
    for (let row = 0; row < 3; row++) {
      const length = width * dice.between(0.45, 1)
      canvas.rectangle(
        x + dice.between(0, width - length),
        y + row * 9,
        length,
        12,
        paint,
        isDark(colors) ? 0.14 : 0.5,
        6,
      )
    }
  }
}

export function drawBirds({ canvas, dice, colors }: Stage, count: number, y: number): void {
  const x = dice.between(0.2, 0.7) * canvas.width
  for (let bird = 0; bird < count; bird++) {
    const [bx, by, size] = [x + dice.between(-70, 90), y + dice.between(-30, 30), dice.between(5, 10)]
    const wings = `M${fixed(bx - size)} ${fixed(by - size * 0.4)}Q${fixed(bx - size * 0.4)} ${fixed(by - size * 0.7)} ${fixed(bx)} ${fixed(by)}Q${fixed(bx + size * 0.4)} ${fixed(by - size * 0.7)} ${fixed(bx + size)} ${fixed(by - size * 0.4)}`
    canvas.stroke(wings, colors.near, 1.6, 0.7)
  }
}

/** The points of a jagged ridge across the sheet, by midpoint displacement. */
export function jaggedRidge({ canvas, dice }: Stage, base: number, roughness: number): Point[] {
  let heights = [0, 1, 2, 3].map(() => base + dice.between(-0.7, 0.7) * roughness)
  let swing = roughness * 0.55
  for (let round = 0; round < 5; round++) {
    heights = heights.flatMap((height, index) => {
      const following = heights[index + 1]
      return following === undefined ? [height] : [height, (height + following) / 2 + dice.between(-1, 1) * swing]
    })
    swing *= 0.5
  }
  const step = canvas.width / (heights.length - 1)
  return heights.map((height, index) => [index * step, height])
}

/** The points of a soft hill line across the sheet. */
export function softRidge({ canvas, dice }: Stage, base: number, swing: number, bends: number): Point[] {
  const step = canvas.width / bends
  const start = -step * dice.next()
  return Array.from({ length: bends + 3 }, (_, index) => [
    start + index * step,
    base + (index % 2 === 0 ? 1 : -1) * swing * dice.between(0.25, 1),
  ])
}

/** A layer of land: darker and clearer the nearer it is (0 far .. 1 near), with mist at its foot. */
export function drawLayer({ canvas, colors }: Stage, points: readonly Point[], nearness: number, soft: boolean): void {
  const body = mix(colors.far, colors.near, nearness)
  const mist = mix(body, colors.sky[2], 0.55 * (1 - nearness))
  const paint = canvas.vertical([
    { at: 0, color: body },
    { at: 1, color: mist },
  ])
  canvas.ground(soft ? groundEdge(points, canvas.width) : lines(points), paint)
}

/** A soft edge that surely reaches both sides of the sheet. */
function groundEdge(points: readonly Point[], width: number): string {
  const first = points[0] ?? [0, 0]
  const last = points[points.length - 1] ?? first
  return curve([[Math.min(first[0], -1), first[1]], ...points, [Math.max(last[0], width + 1), last[1]]])
}

/** The height of a polyline at x. */
export function heightAt(points: readonly Point[], x: number): number {
  for (let index = 1; index < points.length; index++) {
    const [from, to] = [points[index - 1], points[index]]
    if (from && to && to[0] >= x) return from[1] + ((to[1] - from[1]) * (x - from[0])) / (to[0] - from[0])
  }
  return points[points.length - 1]?.[1] ?? 0
}
