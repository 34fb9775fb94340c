/**
 * The frames that one peer has not acknowledged: which are under way to it, and which wait their turn (protocol.md,
 * section 11).
 *
 * A frame: waiting -> under way -> acknowledged | waiting again (the connection broke).
 *
 * 1. Frames go in the order in which they were added.
 * 2. At most `IN_FLIGHT_BYTES_MAX` are under way, or a single frame: a slow peer must not fill this node's memory with
 *    what its socket does not take.
 * 3. What waits is bounded by who makes the frames, as long as they wait for this peer: intake refuses when too much waits.
 *    Where another peer was quicker they wait for nobody, and above `KEPT_BYTES_MAX` those go: what the peer lacks then it
 *    gets when slots are compared.
 */

export const IN_FLIGHT_BYTES_MAX = 8 * 1024 * 1024
export const KEPT_BYTES_MAX = 32 * 1024 * 1024

export interface WindowFrame {
  readonly seq: number
  readonly bytes: number
}

export class FrameWindow<Frame extends WindowFrame> {
  /** Ascending by seq. */
  readonly #frames = new Map<number, Frame>()
  /** Frames up to this one were sent. */
  #sentSeq = 0
  #inFlight = 0
  #bytes = 0
  /** Looking through many frames for nothing with each that is added would take time. */
  #limit = KEPT_BYTES_MAX

  get isEmpty(): boolean {
    return this.#frames.size === 0
  }

  get isUnderWay(): boolean {
    return this.#inFlight > 0
  }

  add(frame: Frame): void {
    this.#frames.set(frame.seq, frame)
    this.#bytes += frame.bytes
  }

  /** Where there is too much, lets go of frames that are not under way and that nobody waits for. */
  shorten(isNeedless: (frame: Frame) => boolean): void {
    if (this.#bytes <= this.#limit) return
    for (const frame of this.#frames.values()) if (frame.seq > this.#sentSeq && isNeedless(frame)) this.#delete(frame)
    this.#limit = Math.max(KEPT_BYTES_MAX, 2 * this.#bytes)
  }

  #delete({ seq, bytes }: Frame): void {
    this.#frames.delete(seq)
    this.#bytes -= bytes
  }

  /** Frames that may be sent now; they are under way from then on. */
  *due(): Generator<Frame> {
    for (const frame of this.#frames.values()) {
      if (frame.seq <= this.#sentSeq) continue
      if (this.#inFlight > 0 && this.#inFlight + frame.bytes > IN_FLIGHT_BYTES_MAX) return
      this.#sentSeq = frame.seq
      this.#inFlight += frame.bytes
      yield frame
    }
  }

  /** The peer has a frame; undefined where it was not waited for. */
  acknowledged(seq: number): Frame | undefined {
    const frame = this.#frames.get(seq)
    if (frame === undefined) return undefined
    this.#delete(frame)
    if (seq <= this.#sentSeq) this.#inFlight -= frame.bytes
    return frame
  }

  /** What was under way is lost: all frames go again. */
  restart(): void {
    this.#sentSeq = 0
    this.#inFlight = 0
  }
}
