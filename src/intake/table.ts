/** Rows of a table with a header, for csv and tsv: the first row that is not blank names the columns. */
import { MeshError } from '../core/errors.ts'
import { type ColumnPlan, PROMPT_NAMES, paramsOf, planColumns } from './columns.ts'
import { nearest } from './nearest.ts'
import { type RowSink, shown } from './rows.ts'

/** Most columns that an error message lists. */
const COLUMNS_SHOWN = 12

export interface TableOptions {
  /** How messages call the input. */
  readonly name: string
  /** Whether a row may end before the last column; spreadsheets drop empty cells at the end of a tsv row. */
  readonly shortRows: boolean
}

export class Table {
  private readonly sink: RowSink
  private readonly options: TableOptions
  private plan: ColumnPlan | undefined
  private columns = 0

  constructor(sink: RowSink, options: TableOptions) {
    this.sink = sink
    this.options = options
  }

  /** A row that starts on `line`. @throws MESH_INPUT it is the header and names no prompt column */
  record(line: number, cells: readonly string[]): void {
    if (cells.every((cell) => cell.trim() === '')) this.sink.blank(line)
    else if (this.plan === undefined) this.header(cells)
    else this.row(this.plan, line, cells)
  }

  /** A row that cannot be taken apart. @throws MESH_INPUT it is the header */
  badLine(line: number, reason: string): void {
    if (this.plan === undefined) {
      throw new MeshError('MESH_INPUT', `${this.options.name}: the header cannot be read, line ${line}: ${reason}`)
    }
    this.sink.badLine(line, reason)
  }

  private header(cells: readonly string[]): void {
    const names = cells.map((cell, at) => cell.trim() || `column_${at + 1}`)
    const problem = namesProblem(names)
    if (problem !== undefined) throw new MeshError('MESH_INPUT', `${this.options.name}: ${problem}`)
    const plan = planColumns(names)
    if (plan.prompt < 0) throw new MeshError('MESH_INPUT', noPromptColumn(this.options.name, names))
    this.plan = plan
    this.columns = names.length
  }

  private row(plan: ColumnPlan, line: number, cells: readonly string[]): void {
    const fits = cells.length === this.columns || (this.options.shortRows && cells.length < this.columns)
    if (!fits) {
      this.sink.badLine(line, `has ${cells.length} columns where the header has ${this.columns}`)
      return
    }
    const params = paramsOf(plan, cells)
    if (typeof params === 'string') this.sink.badLine(line, params)
    else this.sink.row(line, cells[plan.prompt] ?? '', params)
  }
}

function namesProblem(names: readonly string[]): string | undefined {
  if (names.includes('__proto__')) return 'a column is called __proto__, which is not allowed; rename it'
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) return `two columns are called "${shown(name)}"; rename or remove one`
    seen.add(name)
  }
  return undefined
}

function noPromptColumn(input: string, names: readonly string[]): string {
  const listed = names.slice(0, COLUMNS_SHOWN).map((name) => `"${shown(name)}"`)
  if (names.length > COLUMNS_SHOWN) listed.push(`${names.length - COLUMNS_SHOWN} more`)
  const only = names.length === 1 ? (names[0] as string) : ''
  const separator = [';', '\t', '|', ','].find((mark) => only.includes(mark))
  const close = names.find((name) => nearest(name, PROMPT_NAMES) !== undefined)
  let hint = ''
  if (close !== undefined) hint = ` (did you mean "${shown(close)}"?)`
  else if (separator === '\t') hint = ' (the columns look separated by tabs: name the file .tsv)'
  else if (separator !== undefined && separator !== ',')
    hint = ` (the columns look separated by "${separator}": use commas)`
  const columns = names.length === 1 ? 'its only column is' : 'its columns are'
  return `${input} has no prompt column; ${columns} ${listed.join(', ')}; rename the one with the prompts to prompt${hint}`
}
