/** Colours as #rrggbb text: mixing, shading and turning the hue, in arithmetic that gives the same everywhere. */

type Rgb = readonly [number, number, number]

function parse(color: string): Rgb {
  const value = Number.parseInt(color.slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}

function format(rgb: Rgb): string {
  return `#${rgb
    .map((part) =>
      Math.min(255, Math.max(0, Math.round(part)))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`
}

/** The colour at `part` (0..1) of the way from one to another. */
export function mix(from: string, to: string, part: number): string {
  const [a, b] = [parse(from), parse(to)]
  return format([a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, a[2] + (b[2] - a[2]) * part])
}

export function lighten(color: string, part: number): string {
  return mix(color, '#ffffff', part)
}

export function darken(color: string, part: number): string {
  return mix(color, '#000000', part)
}

/** The same colour with its hue turned by some degrees. */
export function turnHue(color: string, degrees: number): string {
  const [hue, saturation, lightness] = toHsl(parse(color))
  return format(fromHsl([(hue + degrees + 360) % 360, saturation, lightness]))
}

function toHsl([red, green, blue]: Rgb): Rgb {
  const max = Math.max(red, green, blue) / 255
  const min = Math.min(red, green, blue) / 255
  const spread = max - min
  const lightness = (max + min) / 2
  if (spread === 0) return [0, 0, lightness]
  const saturation = spread / (1 - Math.abs(2 * lightness - 1))
  const [r, g, b] = [red / 255, green / 255, blue / 255]
  if (max === r) return [(60 * ((g - b) / spread) + 360) % 360, saturation, lightness]
  if (max === g) return [60 * ((b - r) / spread + 2), saturation, lightness]
  return [60 * ((r - g) / spread + 4), saturation, lightness]
}

function fromHsl([hue, saturation, lightness]: Rgb): Rgb {
  const reach = saturation * Math.min(lightness, 1 - lightness)
  const part = (offset: number) => {
    const k = (offset + hue / 30) % 12
    return 255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1)))
  }
  return [part(0), part(8), part(4)]
}
