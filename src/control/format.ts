/** Words and units for people: counts, shares, spans of time, rates, sizes, bars and tables, all plain text. */

/** 1234567 as `1,234,567`. */
export function formatCount(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ',')
}

/** A share as `61.2 %`; 100 % only where all is done, 0 of 0 counts as done. */
export function formatPercent(part: number, total: number): string {
  if (part >= total) return '100 %'
  return `${(Math.floor((part / total) * 1000) / 10).toFixed(1)} %`
}

const UNITS = [
  { seconds: 86_400, name: 'd' },
  { seconds: 3_600, name: 'h' },
  { seconds: 60, name: 'm' },
  { seconds: 1, name: 's' },
] as const

/** Seconds as `4d 13h`, `2h 14m`, `3m 20s`, `42 s` or `0.4 s`: the two greatest units. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)} s`
  if (seconds < 59.5) return `${Math.round(seconds)} s`
  const whole = Math.round(seconds)
  const at = UNITS.findIndex((unit) => whole >= unit.seconds)
  const [big, small] = [UNITS[at] ?? UNITS[2], UNITS[at + 1]]
  const rest = small === undefined ? 0 : Math.floor((whole % big.seconds) / small.seconds)
  const head = `${formatCount(Math.floor(whole / big.seconds))}${big.name}`
  return rest === 0 || small === undefined ? head : `${head} ${rest}${small.name}`
}

/** Completions per second as `0.98/s`, `12.3/s` or `1,234/s`; slow ones as `7.2/min` or `31/h`. */
export function formatRate(perSecond: number): string {
  if (perSecond >= 0.1 || perSecond === 0) return `${significant(perSecond)}/s`
  if (perSecond * 60 >= 1) return `${significant(perSecond * 60)}/min`
  return `${significant(perSecond * 3600)}/h`
}

/** Bytes as `212G`, `1.4M` or `512B`; a K is 1,024 bytes. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < SIZES.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)}${SIZES[unit]}`
}

const SIZES = ['B', 'K', 'M', 'G', 'T', 'P']

/** A bar such as `[#####-----]`; it is full only when all is done. */
export function formatBar(done: number, total: number, width: number): string {
  const filled = done >= total ? width : Math.floor((done / total) * width)
  return `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}]`
}

/** `1 prompt`, `40 prompts`. */
export function formatPlural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/**
 * Text from elsewhere on one line of a terminal: control characters, escape sequences and bidirectional
 * overrides become spaces, so that a prompt cannot move the cursor; cut to `max` characters.
 */
export function formatText(text: string, max = Number.POSITIVE_INFINITY): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g, ' ').trim()
  const characters = Array.from(plain)
  return characters.length <= max ? plain : `${characters.slice(0, Math.max(0, max - 1)).join('')}…`
}

export interface Column {
  readonly title: string
  readonly align?: 'right'
}

/** Rows under their titles, two spaces between columns, no spaces at line ends. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const all = [columns.map((column) => column.title), ...rows]
  const widths = columns.map((_, at) => Math.max(...all.map((row) => Array.from(row[at] ?? '').length)))
  return all.map((row) =>
    columns
      .map((column, at) => pad(row[at] ?? '', widths[at] ?? 0, column.align === 'right'))
      .join('  ')
      .trimEnd(),
  )
}

function pad(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - Array.from(text).length))
  return right ? space + text : text + space
}

function significant(value: number): string {
  if (value >= 99.5) return formatCount(value)
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2)
}
