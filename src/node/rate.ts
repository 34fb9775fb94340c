/** How fast something happens: events a second over the last minutes, in fixed memory. */

const BUCKET_MS = 5_000
const BUCKETS = 60

export class Rate {
  readonly #counts = new Float64Array(BUCKETS)
  #bucket = Number.NEGATIVE_INFINITY
  #sinceMs: number | undefined

  add(nowMs: number, count = 1): void {
    this.#advance(nowMs)
    this.#sinceMs ??= nowMs
    const at = this.#bucket % BUCKETS
    this.#counts[at] = (this.#counts[at] ?? 0) + count
  }

  /** Null before the first second has passed since the first event. */
  perSecond(nowMs: number): number | null {
    if (this.#sinceMs === undefined) return null
    this.#advance(nowMs)
    const spanMs = Math.min(nowMs - this.#sinceMs, (BUCKETS - 1) * BUCKET_MS + (nowMs % BUCKET_MS))
    if (spanMs < 1_000) return null
    return this.#counts.reduce((sum, count) => sum + count, 0) / (spanMs / 1_000)
  }

  #advance(nowMs: number): void {
    const bucket = Math.floor(nowMs / BUCKET_MS)
    if (bucket - this.#bucket >= BUCKETS) this.#counts.fill(0)
    else for (let next = this.#bucket + 1; next <= bucket; next++) this.#counts[next % BUCKETS] = 0
    this.#bucket = bucket
  }
}
