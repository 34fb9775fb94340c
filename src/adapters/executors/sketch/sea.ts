/** A scene of water: sun over the horizon, its reflection, waves, an island or boats. */
import { curve, fixed, lines, type Point } from './canvas.ts'
import { lighten, mix } from './color.ts'
import { sineOfTurn } from './dice.ts'
import { isDark } from './palette.ts'
import { drawBirds, drawClouds, drawLight, drawSky, drawStars, jaggedRidge, type Stage } from './scenery.ts'

export function drawSea(stage: Stage): void {
  const { canvas, dice, colors } = stage
  const horizon = canvas.height * dice.between(0.46, 0.6)
  drawSky(stage, horizon / canvas.height)
  if (isDark(colors)) drawStars(stage, 130, horizon)
  drawClouds(stage, dice.whole(1, 4), 40, horizon * 0.7)
  const radius = dice.between(30, 62)
  const [sunX] = drawLight(
    stage,
    dice.between(0.2, 0.8) * canvas.width,
    horizon - radius * dice.between(-0.25, 2.2),
    radius,
  )
  if (dice.chance(0.55)) drawIslands(stage, horizon)
  drawWater(stage, horizon)
  drawReflection(stage, sunX, horizon, radius)
  const boats = dice.whole(1, 3)
  const waves = dice.whole(5, 7)
  for (let wave = 0; wave < waves; wave++) {
    const nearness = wave / (waves - 1)
    const y = horizon + (canvas.height - horizon) * (0.22 + 0.72 * nearness * nearness)
    if (wave < boats)
      drawBoat(stage, dice.between(0.1, 0.9) * canvas.width, y + 2, 20 + 34 * nearness + dice.between(0, 14))
    drawWave(stage, y, nearness)
  }
  if (dice.chance(0.6)) drawBirds(stage, dice.whole(2, 6), horizon * 0.55)
}

function drawWater({ canvas, colors }: Stage, horizon: number): void {
  const paint = canvas.vertical([
    { at: 0, color: mix(colors.sky[2], colors.far, 0.55) },
    { at: 0.35, color: colors.far },
    { at: 1, color: colors.near },
  ])
  canvas.rectangle(0, horizon, canvas.width, canvas.height - horizon, paint)
}

function drawReflection({ canvas, dice, colors }: Stage, x: number, horizon: number, radius: number): void {
  const depth = canvas.height - horizon
  for (let stripe = 0; stripe < 16; stripe++) {
    const down = stripe / 16
    const width = radius * (1.7 - down) * dice.between(0.35, 1.2)
    const y = horizon + 5 + depth * 0.8 * down * (0.5 + down * 0.5)
    canvas.rectangle(x - width / 2 + dice.between(-9, 9), y, width, 2 + 3 * down, colors.light, 0.65 * (1 - down), 2)
  }
}

/** One wave across the sheet: round troughs, narrow crests, foam on some. */
function drawWave({ canvas, dice, colors }: Stage, y: number, nearness: number): void {
  const length = canvas.width / (8 - 4.5 * nearness)
  const rise = 4 + 17 * nearness
  const shift = dice.next()
  const points: Point[] = []
  for (let x = -length; x <= canvas.width + length; x += length / 8) {
    const trough = Math.abs(sineOfTurn((x / length + shift) / 2))
    points.push([x, y + rise * (trough - 0.5) * 1.2])
  }
  const body = mix(mix(colors.far, colors.near, 0.1 + 0.85 * nearness), colors.sky[1], dice.between(0, 0.22))
  const paint = canvas.vertical([
    { at: 0, color: lighten(body, 0.2) },
    { at: 0.5, color: body },
  ])
  canvas.ground(curve(points), paint)
  if (nearness > 0.4) canvas.stroke(curve(points), mix(colors.light, body, 0.2), 1 + nearness * 2, 0.6)
}

function drawIslands(stage: Stage, horizon: number): void {
  const { canvas, dice, colors } = stage
  const side = dice.chance(0.5)
  const end = canvas.width * dice.between(0.3, 0.55)
  const points = jaggedRidge(stage, 0, 1).map(([x, y]): Point => {
    const part = x / canvas.width
    const high = (1 - part) * (0.55 + 0.45 * Math.abs(y)) * 90
    return [side ? part * end : canvas.width - part * end, horizon - high]
  })
  const edge = side ? 0 : canvas.width
  canvas.shape(lines([...points, [edge, horizon + 1]]), mix(colors.far, colors.near, 0.3))
}

/** A sailing boat whose hull stands on y. */
function drawBoat({ canvas, dice, colors }: Stage, x: number, y: number, size: number): void {
  const hull = `M${fixed(x - size * 0.6)} ${fixed(y - size * 0.2)}L${fixed(x + size * 0.65)} ${fixed(y - size * 0.2)}Q${fixed(x + size * 0.5)} ${fixed(y + size * 0.1)} ${fixed(x + size * 0.3)} ${fixed(y + size * 0.1)}L${fixed(x - size * 0.4)} ${fixed(y + size * 0.1)}`
  const mast: Point = [x, y - size * 1.35]
  canvas.shape(
    lines([mast, [x + size * 0.55, y - size * 0.3], [x, y - size * 0.3]]),
    lighten(dice.pick(colors.accents), 0.1),
  )
  canvas.shape(lines([mast, [x - size * 0.4, y - size * 0.3], [x, y - size * 0.3]]), colors.light, 0.92)
  canvas.stroke(lines([mast, [x, y - size * 0.2]]), colors.near, 1.5)
  canvas.shape(hull, colors.near)
}
