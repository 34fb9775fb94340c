/** Writes a prompt file for the benches: different prompts of an ordinary length. */
import { open } from 'node:fs/promises'

export async function writePrompts(path: string, count: number): Promise<void> {
  const file = await open(path, 'w')
  try {
    for (let from = 0; from < count; from += 10_000) {
      const to = Math.min(count, from + 10_000)
      let text = ''
      for (let at = from; at < to; at++) text += `a photograph of a small red fox number ${at} in the morning light\n`
      await file.write(text)
    }
  } finally {
    await file.close()
  }
}
