/** Reads jsonl: each line an object with a prompt (also within `body`, as in OpenAI's batch files), or a string. */
import type { Json } from '../core/facts.ts'
import { type ColumnPlan, paramsOf, planColumns } from './columns.ts'
import { LineSplitter } from './lines.ts'
import { NO_PARAMS, RECORD_BYTES_MAX, type RowSink, shown } from './rows.ts'

type JsonObject = { readonly [key: string]: Json }

/** Most sets of keys whose plan is remembered; files have one or two. */
const PLANS_MAX = 64
/** Longest set of keys that is remembered, characters. */
const PLAN_KEY_MAX = 4_096

/** A reader of jsonl: `push` takes chunks of any size, `end` the end of the input. */
export function jsonlReader(sink: RowSink): LineSplitter {
  const plans = new Map<string, ColumnPlan>()
  return new LineSplitter(RECORD_BYTES_MAX, {
    line: (line, text) => {
      if (text.trim() === '') sink.blank(line)
      else readLine(sink, plans, line, text)
    },
    badLine: (line, reason) => sink.badLine(line, reason),
  })
}

function readLine(sink: RowSink, plans: Map<string, ColumnPlan>, line: number, text: string): void {
  let value: Json
  try {
    value = JSON.parse(text)
  } catch (error) {
    sink.badLine(line, `is not JSON: ${shown((error as SyntaxError).message, 120)}`)
    return
  }
  if (typeof value === 'string') sink.row(line, value, NO_PARAMS)
  else if (isObject(value)) readObject(sink, plans, line, value)
  else sink.badLine(line, 'is neither an object nor a string')
}

function readObject(sink: RowSink, plans: Map<string, ColumnPlan>, line: number, object: JsonObject): void {
  let { names, values } = { names: Object.keys(object), values: Object.values(object) }
  let plan = planFor(plans, names)
  if (plan.prompt < 0 && isObject(object['body'])) {
    ;({ names, values } = withBody(object, object['body']))
    plan = planFor(plans, names)
  }
  const prompt = values[plan.prompt]
  if (plan.prompt < 0) sink.badLine(line, noPrompt(names))
  else if (typeof prompt !== 'string') sink.badLine(line, 'its prompt is not text')
  else {
    const params = paramsOf(plan, values)
    if (typeof params === 'string') sink.badLine(line, params)
    else sink.row(line, prompt, params)
  }
}

/** The values of an object and those of its body beside each other. */
function withBody(object: JsonObject, body: JsonObject): { names: string[]; values: Json[] } {
  const outer = Object.entries(object).filter(([name]) => name !== 'body')
  const taken = new Set(outer.map(([name]) => name))
  const inner = Object.entries(body).map(([name, value]) => [taken.has(name) ? `body.${name}` : name, value] as const)
  const all = [...outer, ...inner]
  return { names: all.map(([name]) => name), values: all.map(([, value]) => value) }
}

function planFor(plans: Map<string, ColumnPlan>, names: readonly string[]): ColumnPlan {
  const key = JSON.stringify(names)
  const known = plans.get(key)
  if (known !== undefined) return known
  const plan = planColumns(names)
  if (plans.size === PLANS_MAX) plans.clear()
  if (key.length <= PLAN_KEY_MAX) plans.set(key, plan)
  return plan
}

function noPrompt(names: readonly string[]): string {
  return names.length === 0
    ? 'has no prompt'
    : `has no prompt, only ${names
        .slice(0, 6)
        .map((name) => `"${shown(name)}"`)
        .join(', ')}`
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
