/**
 * Which task has which stem in one folder of the output.
 *
 * 1. A stem is one task's. While a file of that task lies in the folder it keeps its stem, whatever became of its label:
 *    a task that comes later, by a line inserted in the prompts or another profile, never takes the name of an older one.
 * 2. A task that is new to the folder has the stem of its label where that is free, else more and more digits of its id.
 * 3. A stem is not free where a file of it lies that no line tells of: a crash came between the two, or it is somebody
 *    else's. It is the task's own where it has the bytes that a file of that name should have.
 */
import path from 'node:path'
import type { TaskView } from '../node/api.ts'
import type { Listed } from './metadata.ts'
import { isInPlace, type OutputFile } from './output-files.ts'
import { fileNames, indexStem, stemIn, stemsFor } from './output-names.ts'

/** The files that a task would have under a stem. */
export type PlanFiles = (stem: string) => readonly OutputFile[]

export class FolderStems {
  readonly #folder: string
  readonly #owners = new Map<string, unknown>()
  /** task => its stem. */
  readonly #stems = new Map<unknown, string>()
  /** task => files that a line says are its, under a stem that is not. */
  readonly #strays = new Map<unknown, string[]>()
  /** stem => files that lie there without a line. */
  readonly #unlisted = new Map<string, Set<string>>()
  #last: Promise<unknown> = Promise.resolve()

  /** `names` are the files of the folder, `rows` those that have a line. */
  constructor(folder: string, names: readonly string[], rows: ReadonlyMap<string, Listed>) {
    this.#folder = folder
    for (const [name, { id }] of rows) {
      const stem = stemIn(name)
      if (stem === undefined) continue
      this.#give(stem, id)
      if (this.#stems.get(id) !== stem) this.#strays.set(id, [...(this.#strays.get(id) ?? []), name])
    }
    for (const name of names.map((name) => name.toLowerCase())) {
      const stem = rows.has(name) ? undefined : stemIn(name)
      if (stem === undefined) continue
      const others = this.#unlisted.get(stem) ?? new Set()
      this.#unlisted.set(stem, others.add(name))
    }
  }

  /** The stem of a task's files, the same each time. @throws MESH_OUTPUT; TypeError where the task has no proper label */
  async stemOf(task: TaskView, plan: PlanFiles): Promise<string> {
    const turn = this.#last.then(async () => this.#stems.get(task.id) ?? (await this.#choose(task, plan)))
    // One at a time, so that no two take one stem; whoever asked hears of a failure.
    this.#last = turn.catch(() => undefined)
    return await turn
  }

  /**
   * The files that lines say are a task's, apart from those that it has `now`: under its stem, where another of its
   * attempts counts now, or under another, as earlier versions of this program left them.
   */
  formerOf(id: string, now: ReadonlySet<string>, rows: ReadonlyMap<string, Listed>): string[] {
    const stem = this.#stems.get(id) ?? id
    const former = [...(this.#strays.get(id) ?? [])]
    for (let position = 0, found = 1; found > 0 || position < now.size; position++) {
      const listed = fileNames(stem, position).filter((name) => rows.get(name)?.id === id)
      former.push(...listed)
      found = listed.length
    }
    return former.filter((name) => !now.has(name))
  }

  async #choose(task: TaskView, plan: PlanFiles): Promise<string> {
    const stems = stemsFor(task)
    const free = stems.find((stem) => !this.#owners.has(stem) && !this.#unlisted.has(stem))
    const stem = (await this.#findOwn(task, plan)) ?? free ?? stems.at(-1) ?? task.id
    this.#give(stem, task.id)
    return stem
  }

  /** A stem of the task's index, nobody's by the lines, whose files are what the task's should be. */
  async #findOwn({ index }: TaskView, plan: PlanFiles): Promise<string | undefined> {
    const plain = indexStem(index)
    for (const [stem, names] of this.#unlisted) {
      if (this.#owners.has(stem) || (stem !== plain && !stem.startsWith(`${plain}~`))) continue
      const files = plan(stem).filter(({ name }) => names.has(name))
      const same = await Promise.all(files.map((file) => isInPlace(path.join(this.#folder, file.name), file, false)))
      if (files.length > 0 && !same.includes(false)) return stem
    }
    return undefined
  }

  #give(stem: string, id: unknown): void {
    if (!this.#owners.has(stem)) {
      this.#owners.set(stem, id)
      if (!this.#stems.has(id)) this.#stems.set(id, stem)
    }
  }
}
