/** A sheet of SVG that only takes shapes: no text, no fonts, no filters, every number rounded to two decimals. */

export type Point = readonly [x: number, y: number]

/** A number as SVG text, at most two decimals. */
export function fixed(value: number): string {
  return String(Math.round(value * 100) / 100 + 0)
}

/** Path data of straight lines through the points. */
export function lines(points: readonly Point[]): string {
  return `M${points.map(([x, y]) => `${fixed(x)} ${fixed(y)}`).join('L')}`
}

/** Path data of a soft curve through the points (Catmull-Rom). */
export function curve(points: readonly Point[]): string {
  const at = (index: number) => points[Math.min(points.length - 1, Math.max(0, index))] ?? [0, 0]
  const start = at(0)
  let path = `M${fixed(start[0])} ${fixed(start[1])}`
  for (let index = 0; index < points.length - 1; index++) {
    const [before, from, to, after] = [at(index - 1), at(index), at(index + 1), at(index + 2)]
    const pull = [from[0] + (to[0] - before[0]) / 6, from[1] + (to[1] - before[1]) / 6]
    const push = [to[0] - (after[0] - from[0]) / 6, to[1] - (after[1] - from[1]) / 6]
    path += `C${[...pull, ...push, ...to].map(fixed).join(' ')}`
  }
  return path
}

interface GradientStop {
  readonly at: number
  readonly color: string
}

export class Canvas {
  readonly width: number
  readonly height: number
  readonly #definitions: string[] = []
  readonly #shapes: string[] = []

  /** Units of the drawing: the shorter side of a picture is 512 of them, whatever its pixels. */
  constructor(width: number, height: number) {
    this.width = width
    this.height = height
  }

  /** A paint that runs from top to bottom of the shape; other directions and radial ones make PNG files several times larger. */
  vertical(stops: readonly GradientStop[]): string {
    const id = `p${this.#definitions.length}`
    const body = stops.map(({ at, color }) => `<stop offset="${fixed(at)}" stop-color="${color}"/>`)
    this.#definitions.push(`<linearGradient id="${id}" x1="0" y1="0" x2="0" y2="1">${body.join('')}</linearGradient>`)
    return `url(#${id})`
  }

  fill(paint: string): void {
    this.rectangle(0, 0, this.width, this.height, paint)
  }

  rectangle(x: number, y: number, width: number, height: number, paint: string, opacity = 1, rounded = 0): void {
    const corner = rounded > 0 ? ` rx="${fixed(rounded)}"` : ''
    const box = `x="${fixed(x)}" y="${fixed(y)}" width="${fixed(width)}" height="${fixed(height)}"${corner}`
    this.#shapes.push(`<rect ${box} fill="${paint}"${opaque(opacity)}/>`)
  }

  circle(x: number, y: number, radius: number, paint: string, opacity = 1): void {
    this.ellipse(x, y, radius, radius, paint, opacity)
  }

  ellipse(x: number, y: number, rx: number, ry: number, paint: string, opacity = 1, degrees = 0): void {
    const turn = degrees === 0 ? '' : ` transform="rotate(${fixed(degrees)} ${fixed(x)} ${fixed(y)})"`
    const box = `cx="${fixed(x)}" cy="${fixed(y)}" rx="${fixed(rx)}" ry="${fixed(ry)}"`
    this.#shapes.push(`<ellipse ${box} fill="${paint}"${opaque(opacity)}${turn}/>`)
  }

  /** A filled path. */
  shape(path: string, paint: string, opacity = 1): void {
    this.#shapes.push(`<path d="${path}Z" fill="${paint}"${opaque(opacity)}/>`)
  }

  /** A line along a path, with round ends. */
  stroke(path: string, paint: string, width: number, opacity = 1): void {
    const pen = `stroke="${paint}" stroke-width="${fixed(width)}" stroke-linecap="round" stroke-linejoin="round"`
    this.#shapes.push(`<path d="${path}" fill="none" ${pen}${opaque(opacity)}/>`)
  }

  /** The area below a line across the sheet, down to the bottom edge. */
  ground(edge: string, paint: string, opacity = 1): void {
    this.shape(`${edge}L${fixed(this.width)} ${fixed(this.height)}L0 ${fixed(this.height)}`, paint, opacity)
  }

  /** The whole drawing as an SVG document of that many pixels. */
  toSvg(width: number, height: number): string {
    const box = `viewBox="0 0 ${fixed(this.width)} ${fixed(this.height)}" width="${width}" height="${height}"`
    return `<svg xmlns="http://www.w3.org/2000/svg" ${box}><defs>${this.#definitions.join('')}</defs>${this.#shapes.join('')}</svg>`
  }
}

function opaque(opacity: number): string {
  return opacity === 1 ? '' : ` opacity="${fixed(opacity)}"`
}
