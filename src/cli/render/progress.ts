/** Shows how far something is: redrawn in place on a terminal, elsewhere a plain line now and then. */
import { isLive, say, setRedrawn } from './terminal.ts'

/** How often a terminal is redrawn. */
const REDRAW_MS = 200
/** How often a line is written where nothing can be redrawn. */
const LINE_MS = 10_000

export interface Progress {
  /** Draws a last time and ends. */
  end(): void
}

/** Shows what `draw` returns until it is ended; undefined draws nothing. */
export async function startProgress(draw: () => string | undefined): Promise<Progress> {
  return isLive() ? await startRedrawing(draw) : startLines(draw)
}

async function startRedrawing(draw: () => string | undefined): Promise<Progress> {
  const { createLogUpdate } = await import('log-update')
  const update = createLogUpdate(process.stderr)
  const redraw = (): void => {
    const text = draw()
    if (text !== undefined) update(text)
  }
  redraw()
  const timer = setInterval(redraw, REDRAW_MS)
  const end = (): void => {
    setRedrawn(undefined)
    clearInterval(timer)
    redraw()
    update.done()
  }
  const above = (write: () => void): void => {
    update.clear()
    write()
    redraw()
  }
  setRedrawn({ above, end })
  return { end }
}

function startLines(draw: () => string | undefined): Progress {
  let last: string | undefined
  const line = (): void => {
    const text = draw()
    if (text !== undefined && text !== last) say(text)
    last = text
  }
  const timer = setInterval(line, LINE_MS)
  return {
    end: () => {
      clearInterval(timer)
      line()
    },
  }
}
