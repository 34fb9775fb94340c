/** Scenes of hills: mountains and forests. */
import { lines, type Point } from './canvas.ts'
import { lighten, mix } from './color.ts'
import { isDark } from './palette.ts'
import {
  drawBirds,
  drawClouds,
  drawLayer,
  drawLight,
  drawSky,
  drawStars,
  heightAt,
  jaggedRidge,
  type Stage,
  softRidge,
} from './scenery.ts'

function drawHeavens(stage: Stage, lowest: number): void {
  const { canvas, dice, colors } = stage
  drawSky(stage, 0.85)
  if (isDark(colors)) drawStars(stage, 140, canvas.height * 0.7)
  const x = dice.between(0.18, 0.82) * canvas.width
  drawLight(stage, x, dice.between(0.16, lowest) * canvas.height, dice.between(24, 58))
  if (dice.chance(0.6)) drawClouds(stage, dice.whole(2, 4), 50, canvas.height * 0.4)
}

/** Ridges one behind the other, some with snow, some with pines in front. */
export function drawMountains(stage: Stage): void {
  const { canvas, dice, words } = stage
  drawHeavens(stage, 0.5)
  const snow =
    ['snow', 'snowy', 'winter', 'ice', 'peak', 'alps', 'glacier'].some((word) => words.has(word)) || dice.chance(0.4)
  const layers = dice.whole(4, 6)
  let front: Point[] = []
  for (let layer = 0; layer < layers; layer++) {
    const nearness = layer / (layers - 1)
    const base = canvas.height * (0.46 + 0.44 * nearness)
    const soft = nearness > 0.55
    front = soft
      ? softRidge(stage, base, 26, dice.whole(3, 5))
      : jaggedRidge(stage, base, canvas.height * 0.17 * (1 - nearness * 0.6))
    drawLayer(stage, front, nearness, soft)
    if (snow && layer < 2) drawSnowCaps(stage, front, nearness)
  }
  if (dice.chance(0.6)) drawPines(stage, front, dice.whole(10, 24))
  else drawBirds(stage, dice.whole(2, 5), canvas.height * 0.3)
}

function drawSnowCaps({ canvas, dice, colors }: Stage, ridge: readonly Point[], nearness: number): void {
  const top = Math.min(...ridge.map(([, y]) => y))
  const line = top + dice.between(38, 60)
  const paint = lighten(mix(colors.sky[2], colors.light, 0.6), 0.3)
  let cap: Point[] = []
  const flush = () => {
    if (cap.length > 2) {
      const underside = cap
        .filter((_, index) => index === 0 || index === cap.length - 1 || dice.chance(0.5))
        .map(([x, y]): Point => [x, y + (line - y) * dice.between(0.3, 0.95)])
      canvas.shape(lines([...cap, ...underside.reverse()]), paint, 0.9 - nearness * 0.3)
    }
    cap = []
  }
  for (const point of ridge) {
    if (point[1] < line) cap.push(point)
    else flush()
  }
  flush()
}

function drawPines(stage: Stage, ridge: readonly Point[], count: number): void {
  const { canvas, dice, colors } = stage
  const left = dice.chance(0.5)
  for (let tree = 0; tree < count; tree++) {
    const spread = dice.next() * dice.next() * 0.8
    const x = (left ? spread : 1 - spread) * canvas.width
    drawPine(stage, x, heightAt(ridge, x) + 14, dice.between(34, 92), colors.near)
  }
}

function drawPine({ canvas, dice }: Stage, x: number, foot: number, height: number, paint: string): void {
  const points: Point[] = [[x, foot - height]]
  const tiers = 4
  const lean = dice.between(0.2, 0.27)
  for (let tier = 1; tier <= tiers; tier++) {
    const y = foot - height + (height * tier) / tiers
    const reach = height * lean * (tier / tiers)
    points.push([x + reach, y], [x + reach * 0.55, y - height * 0.02])
  }
  const mirrored = points.slice(1).map(([px, py]): Point => [2 * x - px, py])
  canvas.shape(lines([...points, ...mirrored.reverse()]), paint)
  canvas.rectangle(x - height * 0.02, foot - 4, height * 0.04, 10, paint)
}

/** Pines in rows, each row paler with distance, or round trees on soft hills. */
export function drawForest(stage: Stage): void {
  const { canvas, dice, colors } = stage
  drawHeavens(stage, 0.4)
  const round = dice.chance(0.4)
  const rows = 5
  for (let row = 0; row < rows; row++) {
    const nearness = row / (rows - 1)
    const ridge = softRidge(stage, canvas.height * (0.5 + 0.42 * nearness), 18, 4)
    const paint = mix(colors.far, colors.near, nearness)
    const size = 56 + 110 * nearness
    const step = size * (round ? 0.42 : 0.3)
    for (let x = -step; x < canvas.width + step; x += step * dice.between(0.6, 1.5)) {
      const foot = heightAt(ridge, x) + 16
      if (round) drawRoundTree(stage, x, foot, size * dice.between(0.5, 0.85), paint, nearness)
      else drawPine(stage, x, foot, size * dice.between(0.65, 1.25), paint)
    }
    drawLayer(stage, ridge, nearness, true)
  }
}

function drawRoundTree(stage: Stage, x: number, foot: number, height: number, paint: string, nearness: number): void {
  const { canvas, dice, colors } = stage
  const crown = height * dice.between(0.24, 0.34)
  const tint = mix(paint, dice.pick(colors.accents), dice.between(0, 0.5) * (0.4 + nearness * 0.3))
  canvas.rectangle(x - height * 0.03, foot - height * 0.6, height * 0.06, height * 0.65, mix(paint, colors.near, 0.5))
  canvas.ellipse(x, foot - height * 0.72, crown, crown * dice.between(1, 1.35), tint)
  canvas.ellipse(x - crown * 0.25, foot - height * 0.8, crown * 0.55, crown * 0.6, lighten(tint, 0.12), 0.5)
}
