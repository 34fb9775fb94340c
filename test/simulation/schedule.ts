/**
 * Virtual time: a heap of what will happen.
 *
 * 1. Things happen in the order of (time, order of asking); time never goes back.
 * 2. Nothing is taken out: a target checks whether what happens still matters.
 */

/** Somebody to whom things of one kind happen. */
export interface Target<T> {
  happen(what: T): void
}

interface Item {
  readonly atMs: number
  readonly order: number
  readonly target: Target<unknown>
  readonly what: unknown
}

export class Schedule {
  /** Virtual milliseconds since the world began. */
  nowMs = 0
  /** How many things have happened. */
  happened = 0
  readonly #heap: Item[] = []
  #order = 0

  /** Infinity never comes; a time that is past is now. */
  at<T>(atMs: number, target: Target<T>, what: T): void {
    if (atMs === Number.POSITIVE_INFINITY) return
    if (Number.isNaN(atMs)) throw new TypeError('a time that is no number')
    const item = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, target: target as Target<unknown>, what }
    const heap = this.#heap
    let at = heap.length
    heap.push(item)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above] as Item
      if (!isBefore(item, parent)) break
      heap[at] = parent
      at = above
    }
    heap[at] = item
  }

  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY
  }

  /** Lets the next thing happen. */
  advance(): void {
    const first = this.#heap[0]
    if (first === undefined) return
    const last = this.#heap.pop() as Item
    if (this.#heap.length > 0) this.#sink(last)
    this.nowMs = first.atMs
    this.happened++
    first.target.happen(first.what)
  }

  #sink(item: Item): void {
    const heap = this.#heap
    const size = heap.length
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && isBefore(heap[child + 1] as Item, heap[child] as Item)) child++
      const below = heap[child] as Item
      if (!isBefore(below, item)) break
      heap[at] = below
      at = child
    }
    heap[at] = item
  }
}

function isBefore(a: Item, b: Item): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
