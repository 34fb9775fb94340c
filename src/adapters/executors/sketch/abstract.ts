/** Scenes of plain shapes: flowing ribbons and rings. */
import { curve, type Point } from './canvas.ts'
import { darken, lighten, mix } from './color.ts'
import { cosineOfTurn, sineOfTurn } from './dice.ts'
import { inksOf } from './palette.ts'
import { drawSky, type Stage } from './scenery.ts'

/** Broad ribbons that flow across the sheet, each in front of the last. */
export function drawRibbons(stage: Stage): void {
  const { canvas, dice, colors } = stage
  drawSky(stage)
  canvas.circle(
    dice.between(0.25, 0.75) * canvas.width,
    dice.between(0.2, 0.4) * canvas.height,
    dice.between(50, 90),
    colors.light,
    0.9,
  )
  const ribbons = dice.whole(7, 11)
  const waves = dice.between(0.8, 1.6)
  const drift = dice.between(0.04, 0.12)
  const start = dice.next()
  for (let ribbon = 0; ribbon < ribbons; ribbon++) {
    const part = ribbon / (ribbons - 1)
    const points: Point[] = []
    for (let step = -1; step <= 9; step++) {
      const along = step / 8
      const swing = (34 + 44 * (1 - part)) * sineOfTurn(along * waves + start + ribbon * drift)
      points.push([along * canvas.width, canvas.height * (0.3 + 0.66 * part) + swing - 60 * (along - 0.5) * (1 - part)])
    }
    const base =
      ribbon % 3 === 1 ? mix(dice.pick(colors.accents), colors.far, 0.25) : mix(colors.far, colors.near, part)
    const paint = canvas.vertical([
      { at: 0, color: lighten(base, 0.14) },
      { at: 0.7, color: mix(base, colors.near, 0.4) },
    ])
    canvas.ground(curve(points), paint)
    canvas.stroke(curve(points), lighten(base, 0.4), 1.4, 0.5)
  }
}

/** Circles large and small, some of rings, joined by thin lines. */
export function drawRings({ canvas, dice, colors }: Stage): void {
  canvas.fill(
    canvas.vertical([
      { at: 0, color: lighten(colors.sky[2], 0.25) },
      { at: 1, color: mix(colors.sky[2], colors.sky[1], 0.55) },
    ]),
  )
  const paints = inksOf(colors)
  const [cx, cy] = [canvas.width * dice.between(0.4, 0.6), canvas.height * dice.between(0.4, 0.6)]
  const count = dice.whole(9, 15)
  const start = dice.next()
  const centres = Array.from({ length: count }, (_, index): Point => {
    const turn = start + index * 0.382
    const away = 30 + 225 * Math.sqrt(index / count)
    return [cx + cosineOfTurn(turn) * away, cy + sineOfTurn(turn) * away]
  })
  canvas.stroke(curve(centres), colors.near, 1.4, 0.35)
  for (const [index, [x, y]] of centres.entries()) {
    const radius = dice.between(22, 66) * (index === 0 ? 1.7 : 1)
    const paint = dice.pick(paints)
    canvas.circle(x + radius * 0.08, y + radius * 0.1, radius, darken(colors.near, 0.2), 0.14)
    canvas.circle(x, y, radius, paint)
    const inner = dice.whole(0, 3)
    for (let ring = 1; ring <= inner; ring++) {
      canvas.circle(x, y, radius * (1 - ring / (inner + 1)), ring % 2 === 1 ? dice.pick(paints) : paint)
    }
  }
}
