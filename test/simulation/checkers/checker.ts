/** A checker watches a world and reports what must not be; it never relies on a core's word where a disk can say it. */
import type { Observer } from '../observer.ts'

export interface Checker extends Observer {
  /** The run is over and everything has come to rest. */
  finish?(): void
}
