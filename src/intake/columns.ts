/** Column names: the many that tools use, brought to one; and the values of a row, brought to parameters. */
import type { Json, Params } from '../core/facts.ts'
import { NO_PARAMS, shown } from './rows.ts'

/** The names under which each column is known, best first. Upper case, spaces and hyphens make no difference. */
const ALIASES = {
  prompt: ['prompt', 'text', 'caption', 'p'],
  negative_prompt: ['negative_prompt', 'negative', 'negativeprompt'],
  seed: ['seed', 'se'],
  steps: ['steps', 'step', 'st', 'num_inference_steps'],
  cfg_scale: ['cfg_scale', 'cfg', 'guidance_scale', 'c'],
  sampler: ['sampler', 'sampler_name', 'sa'],
  width: ['width'],
  height: ['height'],
  size: ['size'],
  model: ['model', 'checkpoint', 'sd_model_checkpoint'],
  id: ['id', 'custom_id', 'key'],
} as const

/** The names under which the column with the prompts is known. */
export const PROMPT_NAMES: readonly string[] = ALIASES.prompt

type Kind = 'own' | 'text' | 'number' | 'seed' | 'size' | 'id'
const KINDS: { readonly [name: string]: Kind } = {
  seed: 'seed',
  steps: 'number',
  cfg_scale: 'number',
  width: 'number',
  height: 'number',
  size: 'size',
  id: 'id',
}

/** Where a row has its prompt (-1: nowhere), and what becomes of its other values. */
export interface ColumnPlan {
  readonly prompt: number
  readonly fields: readonly Field[]
}
interface Field {
  readonly at: number
  readonly name: string
  readonly kind: Kind
}

/**
 * Decides what each column is. Of several columns with names for one thing the best name wins; the others, and
 * those of no known name, are kept under their own names.
 */
export function planColumns(names: readonly string[]): ColumnPlan {
  const known = new Map<number, string>()
  for (const [name, aliases] of Object.entries(ALIASES)) {
    const at = bestColumn(names, aliases)
    if (at >= 0) known.set(at, name)
  }
  const found = new Set(known.values())
  const fields: Field[] = []
  for (const [at, own] of names.entries()) {
    const name = known.get(at)
    if (name === 'prompt') continue
    const isSize = name === 'size' && !found.has('width') && !found.has('height')
    if (name === undefined || (name === 'size' && !isSize)) fields.push({ at, name: own, kind: 'own' })
    else fields.push({ at, name, kind: KINDS[name] ?? 'text' })
  }
  return { prompt: [...known].find(([, name]) => name === 'prompt')?.[0] ?? -1, fields }
}

/** The parameters of a row, or (a string) why it cannot be taken. Values that are undefined, null or empty are left out. */
export function paramsOf(plan: ColumnPlan, values: readonly (Json | undefined)[]): Params | string {
  let params: Record<string, Json> | undefined
  for (const field of plan.fields) {
    const value = values[field.at]
    if (value === undefined || value === '' || (value === null && field.kind !== 'own')) continue
    params ??= {}
    const problem = setParam(params, field, value)
    if (problem !== undefined) return problem
  }
  return params ?? NO_PARAMS
}

function bestColumn(names: readonly string[], aliases: readonly string[]): number {
  for (const alias of aliases) {
    const exact = names.indexOf(alias)
    if (exact >= 0) return exact
    const similar = names.findIndex((name) => plain(name) === alias)
    if (similar >= 0) return similar
  }
  return -1
}

function plain(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_')
}

function setParam(params: Record<string, Json>, { name, kind }: Field, value: Json): string | undefined {
  switch (kind) {
    case 'own':
      if (name === '__proto__') return 'contains the key __proto__, which is not allowed'
      params[name] = value
      return undefined
    case 'text':
      params[name] = value
      return undefined
    case 'number':
      params[name] = numeric(value) ?? value
      return undefined
    case 'seed':
      return setSeed(params, value)
    case 'size':
      setSize(params, value)
      return undefined
    case 'id':
      return setId(params, value)
  }
}

function setSeed(params: Record<string, Json>, value: Json): string | undefined {
  const seed = numeric(value)
  if (seed === undefined || !Number.isSafeInteger(seed) || seed < 0) {
    const seen = shown(typeof value === 'string' ? value : JSON.stringify(value))
    return `the seed is ${seen}; it must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, or empty`
  }
  params['seed'] = seed
  return undefined
}

function setSize(params: Record<string, Json>, value: Json): void {
  const match = typeof value === 'string' ? /^\s*(\d{1,6})\s*[xX×*]\s*(\d{1,6})\s*$/u.exec(value) : null
  if (match === null) params['size'] = value
  else {
    params['width'] = Number(match[1])
    params['height'] = Number(match[2])
  }
}

function setId(params: Record<string, Json>, value: Json): string | undefined {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    return 'the id is a number that cannot be kept exactly; put it in quotes'
  }
  params['id'] = typeof value === 'number' ? String(value) : value
  return undefined
}

/** The number that a value is or looks like. */
function numeric(value: Json): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || !/^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?\s*$/i.test(value)) return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}
