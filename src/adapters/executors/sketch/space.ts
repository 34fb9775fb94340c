/** A scene of planets, one of them large, with bands, rings and moons among stars. */
import { fixed } from './canvas.ts'
import { darken, lighten, mix } from './color.ts'
import { cosineOfTurn, sineOfTurn } from './dice.ts'
import { drawStars, type Stage } from './scenery.ts'

interface Disc {
  readonly x: number
  readonly y: number
  readonly radius: number
}
interface Ring {
  /** In radii of the planet. */
  readonly reach: number
  readonly width: number
  readonly tint: string
}

export function drawSpace(stage: Stage): void {
  const { canvas, dice, colors } = stage
  const { width, height } = canvas
  const deep = darken(colors.near, 0.25)
  canvas.fill(
    canvas.vertical([
      { at: 0, color: deep },
      { at: 0.6, color: mix(deep, colors.sky[0], 0.55) },
      { at: 1, color: mix(deep, colors.sky[1], 0.5) },
    ]),
  )
  for (let cloud = 0; cloud < 3; cloud++) {
    const tint = cloud === 0 ? colors.sky[1] : dice.pick(colors.accents)
    drawHaze(stage, tint)
  }
  drawStars(stage, 190, height * 1.4)
  const [x, y] = [dice.between(0.3, 0.7) * width, dice.between(0.35, 0.65) * height]
  const radius = dice.between(76, 116)
  drawPlanet(stage, { x, y, radius }, dice.pick(colors.accents), dice.chance(0.6))
  const start = dice.next()
  for (let moon = 0; moon < dice.whole(1, 3); moon++) {
    const turn = start + moon * dice.between(0.25, 0.4)
    const away = radius * dice.between(1.7, 2.2)
    const disc = { x: x + cosineOfTurn(turn) * away, y: y + sineOfTurn(turn) * away, radius: dice.between(12, 34) }
    drawPlanet(stage, disc, mix(dice.pick(colors.accents), colors.light, 0.4), false)
  }
}

function drawHaze({ canvas, dice }: Stage, tint: string): void {
  const [x, y] = [dice.next() * canvas.width, dice.next() * canvas.height]
  const [long, flat, tilt] = [dice.between(140, 290), dice.between(0.3, 0.6), dice.between(-40, 40)]
  for (const reach of [1, 0.78, 0.57, 0.36]) {
    canvas.ellipse(x, y, long * reach, long * reach * flat, tint, 0.055, tilt)
  }
}

function drawPlanet(stage: Stage, disc: Disc, color: string, ringed: boolean): void {
  const { canvas, dice, colors } = stage
  const tilt = dice.between(-32, 32)
  const rings: readonly Ring[] = [
    { reach: 1.9, width: 3, tint: lighten(color, 0.35) },
    { reach: 1.72, width: 11, tint: colors.light },
    { reach: 1.5, width: 6, tint: lighten(color, 0.35) },
  ]
  if (ringed) for (const ring of rings) drawRing(stage, disc, tilt, ring, 'back')
  for (const reach of [1.24, 1.12]) canvas.circle(disc.x, disc.y, disc.radius * reach, color, 0.1)
  canvas.circle(disc.x, disc.y, disc.radius, color)
  if (disc.radius > 40) drawBands(stage, disc, color, tilt)
  drawShade(stage, disc)
  if (ringed) for (const ring of rings) drawRing(stage, disc, tilt, ring, 'front')
}

/** The side away from the light: sickles that deepen towards the edge. */
function drawShade({ canvas, colors }: Stage, { x, y, radius }: Disc): void {
  const r = fixed(radius + 0.5)
  for (const bulge of [2.6, 1.5, 1.12]) {
    const from = turned(x, y, 0, -radius - 0.5, 40)
    const to = turned(x, y, 0, radius + 0.5, 40)
    const inner = fixed(radius * bulge)
    canvas.shape(`M${from}A${r} ${r} 0 0 1 ${to}A${inner} ${inner} 0 0 0 ${from}`, darken(colors.near, 0.5), 0.26)
  }
}

/** Bands across a planet: chords of its circle, so that nothing sticks out. */
function drawBands({ canvas, dice, colors }: Stage, { x, y, radius }: Disc, color: string, tilt: number): void {
  let at = -0.85
  while (at < 0.8) {
    const to = Math.min(0.9, at + dice.between(0.1, 0.3))
    const tint = mix(color, dice.chance(0.5) ? colors.near : colors.light, dice.between(0.12, 0.4))
    const chord = (height: number) => Math.sqrt(1 - height * height) * radius
    const point = (side: number, height: number) => turned(x, y, side * chord(height), height * radius, tilt)
    const r = fixed(radius)
    const arc = `A${r} ${r} 0 0 1 `
    canvas.shape(
      `M${point(-1, at)}L${point(1, at)}${arc}${point(1, to)}L${point(-1, to)}${arc}${point(-1, at)}`,
      tint,
      0.75,
    )
    at = to + dice.between(0.08, 0.28)
  }
}

function drawRing({ canvas }: Stage, { x, y, radius }: Disc, tilt: number, ring: Ring, half: 'front' | 'back'): void {
  const reach = radius * ring.reach
  const [from, to] = [turned(x, y, -reach, 0, tilt), turned(x, y, reach, 0, tilt)]
  const path = `M${from}A${fixed(reach)} ${fixed(reach * 0.28)} ${fixed(tilt)} 0 ${half === 'back' ? 1 : 0} ${to}`
  canvas.stroke(path, ring.tint, ring.width, 0.75)
}

function turned(x: number, y: number, dx: number, dy: number, degrees: number): string {
  const [sine, cosine] = [sineOfTurn(degrees / 360), cosineOfTurn(degrees / 360)]
  return `${fixed(x + dx * cosine - dy * sine)} ${fixed(y + dx * sine + dy * cosine)}`
}
