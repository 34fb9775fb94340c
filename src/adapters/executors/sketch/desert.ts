/** A scene of dunes with a lit and a shaded side under a large sun, with pyramids or cactus. */
import { fixed, lines, type Point } from './canvas.ts'
import { lighten, mix } from './color.ts'
import { isDark } from './palette.ts'
import { drawLight, drawSky, drawStars, type Stage } from './scenery.ts'

export function drawDesert(stage: Stage): void {
  const { canvas, dice, colors, words } = stage
  drawSky(stage, 0.7)
  if (isDark(colors)) drawStars(stage, 120, canvas.height * 0.6)
  drawLight(stage, dice.between(0.2, 0.8) * canvas.width, dice.between(0.2, 0.42) * canvas.height, dice.between(40, 74))
  if (words.has('pyramid') || words.has('pyramids') || words.has('egypt') || dice.chance(0.3)) drawPyramids(stage)
  const layers = 4
  for (let layer = 0; layer < layers; layer++) {
    const nearness = layer / (layers - 1)
    drawDune(stage, canvas.height * (0.57 + 0.33 * nearness), nearness)
    if (layer === 2 && !words.has('pyramid')) for (let plant = dice.whole(0, 3); plant > 0; plant--) drawCactus(stage)
  }
}

function drawDune({ canvas, dice, colors }: Stage, level: number, nearness: number): void {
  const { width, height } = canvas
  const crest: Point = [dice.between(0.15, 0.85) * width, level - dice.between(18, 56)]
  const [left, right] = [level + dice.between(0, 34), level + dice.between(0, 34)]
  const point = (x: number, y: number) => `${fixed(x)} ${fixed(y)}`
  const top = `${point(...crest)}`
  const rightFlank = `Q${point((crest[0] + width) / 2, (crest[1] + right) / 2 + 22)} ${point(width, right)}`
  const leftFlank = `M0 ${fixed(left)}Q${point(crest[0] * 0.55, left - 4)} ${top}`
  const lit = mix(lighten(colors.far, 0.2), colors.near, nearness * 0.5)
  const paint = canvas.vertical([
    { at: 0, color: lighten(lit, 0.1) },
    { at: 1, color: mix(lit, colors.near, 0.12) },
  ])
  canvas.ground(leftFlank + rightFlank, paint)
  const foot = crest[0] + dice.between(-0.35, 0.25) * width
  const bend = crest[0] + dice.between(0, 0.3) * width
  const shade = `M${top}${rightFlank}L${point(width, height)}L${point(foot, height)}Q${point(bend, (crest[1] + height) / 2)} ${top}`
  canvas.shape(shade, mix(lit, colors.near, 0.5), 0.6)
}

function drawPyramids({ canvas, dice, colors }: Stage): void {
  const foot = canvas.height * 0.64
  for (let pyramid = dice.whole(1, 3); pyramid > 0; pyramid--) {
    const x = dice.between(0.1, 0.9) * canvas.width
    const size = dice.between(60, 130)
    const top: Point = [x, foot - size]
    const edge: Point = [x + size * 0.25, foot]
    const lit = mix(colors.far, colors.light, 0.3)
    canvas.shape(lines([top, [x - size * 0.95, foot], edge]), lit)
    canvas.shape(lines([top, edge, [x + size * 0.95, foot]]), mix(lit, colors.near, 0.55))
  }
}

function drawCactus({ canvas, dice, colors }: Stage): void {
  const x = dice.between(0.08, 0.92) * canvas.width
  const foot = canvas.height * dice.between(0.8, 0.88)
  const height = dice.between(40, 84)
  const thick = height * 0.14
  const paint = mix(colors.near, colors.accents[0], 0.12)
  canvas.stroke(
    lines([
      [x, foot],
      [x, foot - height],
    ]),
    paint,
    thick,
  )
  for (const side of [-1, 1]) {
    const [elbow, tip] = [foot - height * dice.between(0.3, 0.5), foot - height * dice.between(0.6, 0.85)]
    const reach = x + side * height * 0.24
    canvas.stroke(
      lines([
        [x, elbow],
        [reach, elbow],
        [reach, tip],
      ]),
      paint,
      thick * 0.75,
    )
  }
}
