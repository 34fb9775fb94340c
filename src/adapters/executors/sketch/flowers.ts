/** A scene of flowers on curved stems before soft hills. */
import { curve, fixed } from './canvas.ts'
import { darken, lighten, mix } from './color.ts'
import { cosineOfTurn, sineOfTurn } from './dice.ts'
import { isDark } from './palette.ts'
import { drawLayer, drawLight, drawSky, drawStars, type Stage, softRidge } from './scenery.ts'

export function drawFlowers(stage: Stage): void {
  const { canvas, dice, colors } = stage
  drawSky(stage)
  if (isDark(colors)) drawStars(stage, 90, canvas.height * 0.5)
  drawLight(
    stage,
    dice.between(0.15, 0.85) * canvas.width,
    dice.between(0.15, 0.35) * canvas.height,
    dice.between(30, 64),
  )
  for (const nearness of [0.1, 0.3, 0.5]) {
    drawLayer(stage, softRidge(stage, canvas.height * (0.58 + nearness * 0.4), 24, 3), nearness, true)
  }
  const count = dice.whole(7, 12)
  for (let flower = 0; flower < count; flower++) {
    const nearness = flower / count
    const x = canvas.width * ((((flower * 0.618) % 1) + dice.between(0, 0.12)) * 0.9 + 0.02)
    const y = canvas.height * (0.34 + 0.34 * nearness + dice.between(0, 0.16))
    drawFlower(stage, x, y, 22 + 26 * nearness + dice.between(0, 10))
  }
  drawGrass(stage)
}

function drawFlower(stage: Stage, x: number, y: number, size: number): void {
  const { canvas, dice, colors } = stage
  const green = mix(mix(colors.near, '#4f9d5d', 0.45), colors.far, 0.15)
  const foot = x + dice.between(-40, 40)
  const bend: [number, number] = [(x + foot) / 2 + dice.between(-24, 24), (y + canvas.height) / 2]
  canvas.stroke(curve([[x, y], bend, [foot, canvas.height + 8]]), green, size * 0.11)
  for (const side of [-1, 1]) {
    const [lx, ly] = [bend[0] + side * size * 0.42, bend[1] + dice.between(-20, 30)]
    canvas.ellipse(lx, ly, size * 0.5, size * 0.17, green, 1, side * dice.between(-45, -20))
  }
  const petal = dice.pick(colors.accents)
  if (dice.chance(0.25)) drawTulip(stage, x, y, size, petal)
  else drawBlossom(stage, x, y, size, petal)
}

function drawBlossom({ canvas, dice, colors }: Stage, x: number, y: number, size: number, petal: string): void {
  const petals = dice.whole(5, 11)
  const slim = Math.min(0.42, 2.1 / petals)
  const start = dice.next()
  for (const [reach, paint] of [
    [1, darken(petal, 0.14)],
    [0.82, petal],
    [0.5, lighten(petal, 0.25)],
  ] as const) {
    for (let index = 0; index < petals; index++) {
      const turn = start + (index + (reach === 0.82 ? 0.5 : 0)) / petals
      const [px, py] = [x + cosineOfTurn(turn) * size * 0.56 * reach, y + sineOfTurn(turn) * size * 0.56 * reach]
      canvas.ellipse(px, py, size * 0.5 * reach, size * slim * reach, paint, 1, turn * 360)
    }
  }
  const heart = mix(colors.light, '#f2b134', 0.6)
  canvas.circle(x, y, size * 0.24, darken(heart, 0.25))
  canvas.circle(x, y, size * 0.19, heart)
}

function drawTulip({ canvas }: Stage, x: number, y: number, size: number, petal: string): void {
  const cup = (half: number, top: number) =>
    `M${fixed(x)} ${fixed(y + size * 0.5)}C${fixed(x - half)} ${fixed(y + size * 0.4)} ${fixed(x - half)} ${fixed(y - size * 0.2)} ${fixed(x - half * 0.75)} ${fixed(y - top)}Q${fixed(x - half * 0.3)} ${fixed(y - top * 0.6)} ${fixed(x)} ${fixed(y - top * 1.15)}Q${fixed(x + half * 0.3)} ${fixed(y - top * 0.6)} ${fixed(x + half * 0.75)} ${fixed(y - top)}C${fixed(x + half)} ${fixed(y - size * 0.2)} ${fixed(x + half)} ${fixed(y + size * 0.4)} ${fixed(x)} ${fixed(y + size * 0.5)}`
  canvas.shape(cup(size * 0.72, size * 0.68), darken(petal, 0.1))
  canvas.shape(cup(size * 0.4, size * 0.72), lighten(petal, 0.14))
}

function drawGrass({ canvas, dice, colors }: Stage): void {
  for (let blade = 0; blade < 90; blade++) {
    const x = dice.between(-10, canvas.width + 10)
    const height = dice.between(20, 74)
    const lean = dice.between(-22, 22)
    const path = `M${fixed(x - 3)} ${fixed(canvas.height + 2)}Q${fixed(x)} ${fixed(canvas.height - height * 0.5)} ${fixed(x + lean)} ${fixed(canvas.height - height)}Q${fixed(x + 4)} ${fixed(canvas.height - height * 0.4)} ${fixed(x + 3)} ${fixed(canvas.height + 2)}`
    canvas.shape(path, mix(mix(colors.near, '#4f9d5d', 0.3), colors.far, dice.between(0, 0.4)))
  }
}
