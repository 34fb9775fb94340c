/** Finds the word that somebody most likely meant: the nearest by edits (insert, delete, replace, swap of neighbours). */

/** The nearest of `known` to `word`, or undefined where none is near: at most a third of its letters may differ, and two. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestEdits = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    const edits = countEdits(word.toLowerCase(), candidate.toLowerCase())
    if (edits < bestEdits && edits < candidate.length) {
      best = candidate
      bestEdits = edits
    }
  }
  return best
}

/** Optimal string alignment distance, three rows at a time. */
function countEdits(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      const shifted = Math.min(previous[column] ?? 0, current[column - 1] ?? 0) + 1
      const swapped =
        a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1] ? (before[column - 2] ?? row) + 1 : row + column
      current.push(Math.min(replaced, shifted, swapped))
    }
    before = previous
    previous = current
  }
  return previous[b.length] ?? 0
}
