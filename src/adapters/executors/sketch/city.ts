/** A scene of a skyline in three depths, its windows lit, sometimes mirrored in water. */
import { fixed, lines } from './canvas.ts'
import { darken, lighten, mix } from './color.ts'
import { isDark } from './palette.ts'
import { drawClouds, drawLight, drawSky, drawStars, type Stage } from './scenery.ts'

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export function drawCity(stage: Stage): void {
  const { canvas, dice, colors } = stage
  drawSky(stage, 0.8)
  if (isDark(colors)) drawStars(stage, 120, canvas.height * 0.6)
  else drawClouds(stage, dice.whole(2, 4), 40, canvas.height * 0.4)
  drawLight(
    stage,
    dice.between(0.15, 0.85) * canvas.width,
    dice.between(0.16, 0.42) * canvas.height,
    dice.between(28, 62),
  )
  const water = dice.chance(0.5)
  const street = canvas.height * (water ? 0.8 : 1)
  for (const depth of [0, 0.5, 1]) {
    const highest = canvas.height * (0.58 - 0.16 * depth)
    let x = -dice.between(0, 30)
    while (x < canvas.width) {
      const width = dice.between(26, 52) * (0.8 + depth * 0.5)
      const height = highest * dice.between(0.35, 1) * (dice.chance(0.12) ? 1.25 : 1)
      drawTower(stage, { x, y: street - height, width, height }, depth)
      x += width + (dice.chance(0.25) ? dice.between(2, 16) : 0)
    }
  }
  if (water) drawCanal(stage, street)
}

function drawTower(stage: Stage, box: Box, depth: number): void {
  const { x, y, width, height } = box
  const { canvas, colors } = stage
  const body = mix(mix(colors.far, colors.sky[2], 0.25 * (1 - depth)), colors.near, depth * 0.9)
  const paint = canvas.vertical([
    { at: 0, color: lighten(body, 0.05) },
    { at: 1, color: mix(body, depth === 1 ? darken(colors.near, 0.2) : colors.sky[2], depth === 1 ? 0.5 : 0.3) },
  ])
  canvas.rectangle(x, y, width + 0.5, height, paint)
  drawRoof(stage, box, body)
  if (depth > 0) drawWindows(stage, box, depth)
}

function drawRoof({ canvas, dice }: Stage, { x, y, width }: Box, body: string): void {
  const middle = x + width / 2
  const half = fixed(width / 2)
  switch (dice.whole(0, 4)) {
    case 0:
      canvas.shape(
        lines([
          [x, y + 0.5],
          [middle, y - width * 0.5],
          [x + width, y + 0.5],
        ]),
        body,
      )
      break
    case 1:
      canvas.rectangle(x + width * 0.2, y - 12, width * 0.6, 13, body)
      canvas.stroke(
        lines([
          [middle, y - 12],
          [middle, y - 34],
        ]),
        body,
        2,
      )
      break
    case 2:
      canvas.shape(`M${fixed(x)} ${fixed(y + 1)}A${half} ${half} 0 0 1 ${fixed(x + width)} ${fixed(y + 1)}`, body)
      break
    case 3:
      canvas.shape(
        lines([
          [x, y + 0.5],
          [x, y - width * 0.4],
          [x + width, y + 0.5],
        ]),
        body,
      )
  }
}

function drawWindows({ canvas, dice, colors }: Stage, { x, y, width, height }: Box, depth: number): void {
  const columns = Math.max(2, Math.round(width / 11))
  const cell = width / columns
  const size = cell * 0.44
  const lit = dice.between(0.15, 0.5) * (isDark(colors) ? 1.3 : 0.8)
  const tint = mix(colors.light, dice.pick(colors.accents), dice.between(0, 0.5))
  let path = ''
  for (let row = y + cell * 0.6; row < y + height - cell; row += cell * 1.25) {
    for (let column = 0; column < columns; column++) {
      if (!dice.chance(lit)) continue
      const left = x + column * cell + (cell - size) / 2
      path += `M${fixed(left)} ${fixed(row)}h${fixed(size)}v${fixed(size * 1.3)}h${fixed(-size)}Z`
    }
  }
  if (path !== '') canvas.shape(path, tint, 0.45 + 0.4 * depth)
}

function drawCanal({ canvas, dice, colors }: Stage, shore: number): void {
  const paint = canvas.vertical([
    { at: 0, color: mix(colors.near, colors.far, 0.35) },
    { at: 1, color: colors.near },
  ])
  canvas.rectangle(0, shore, canvas.width, canvas.height - shore, paint)
  for (let glint = 0; glint < 70; glint++) {
    const down = dice.next()
    const tint = dice.chance(0.6) ? colors.light : dice.pick(colors.accents)
    const width = dice.between(8, 44) * (0.5 + down)
    canvas.rectangle(
      dice.between(-20, canvas.width),
      shore + 3 + down * (canvas.height - shore),
      width,
      1.8,
      tint,
      dice.between(0.08, 0.4),
      1,
    )
  }
}
