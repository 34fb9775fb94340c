/** The palettes of the sketches, each made for a mood, and the choice of one from the words of the prompt. */
import { turnHue } from './color.ts'
import type { Dice } from './dice.ts'

export type Mood = 'dawn' | 'day' | 'sunset' | 'night' | 'winter' | 'dry' | 'sea' | Hue
type Hue = 'red' | 'orange' | 'yellow' | 'green' | 'blue' | 'purple' | 'pink' | 'grey'

export interface Palette {
  readonly moods: readonly Mood[]
  /** Top, middle and bottom of the sky. */
  readonly sky: readonly [string, string, string]
  /** Sun, moon, stars. */
  readonly light: string
  /** The most distant and the nearest layer of what stands in front of the sky. */
  readonly far: string
  readonly near: string
  readonly accents: readonly [string, string, string]
}

function palette(moods: string, colors: string): Palette {
  const [top, middle, bottom, light, far, near, ...accents] = colors.split(' ') as [string, ...string[]]
  return {
    moods: moods.split(' ') as Mood[],
    sky: [top, middle, bottom] as [string, string, string],
    light: light as string,
    far: far as string,
    near: near as string,
    accents: accents as unknown as [string, string, string],
  }
}

const PALETTES: readonly Palette[] = [
  palette('dawn pink', '#4a5a8c #d68c9f #ffe1b8 #fff6e0 #a886ad #33304f #e56b6f #f2b591 #ffd9c4'),
  palette('dawn blue', '#5b7db1 #b9c9dd #fde8d4 #fffaf0 #98abc6 #2c4460 #ef8354 #f6bd60 #f7ede2'),
  palette('sunset orange', '#3d1e6d #d1495b #ffb65c #ffedb5 #9a3d63 #1f1233 #ff7b54 #ffb26b #ffd56f'),
  palette('sunset purple pink', '#2b1a55 #9b4d96 #ffb199 #ffe9c9 #7d4a93 #180f30 #ff8fab #c77dff #ffc8a2'),
  palette('sunset red', '#4a1230 #b8323f #ffa366 #ffe2a8 #8f2b3d #25091a #f25c54 #f79d65 #f7b267'),
  palette('day blue', '#3f97d3 #9fd3f0 #f0f8f4 #fffbe0 #93bfae #2c6455 #f2c14e #f78154 #b4436c'),
  palette('day green', '#6fbfc0 #c4e3cb #fdf6d8 #fffdf0 #8cbf9f #2f5d50 #f28f3b #c8553d #f4d35e'),
  palette('day yellow', '#f2b705 #f9d65c #fff6d6 #fffdf2 #e0a339 #6b4416 #d1495b #00798c #edae49'),
  palette('night blue', '#0b1026 #1b2a52 #4a6a94 #f4f1de #2d4672 #060b1a #ee6c4d #98c1d9 #ffd166'),
  palette('night purple', '#120b2e #3a1c71 #8c5bc4 #fdf0d5 #4d2f86 #0a0620 #f72585 #b892ff #ffc2e2'),
  palette('night green', '#04161b #0f3d3e #4f9d89 #f1faee #1d5a55 #020d10 #80ed99 #57cc99 #e9c46a'),
  palette('winter grey', '#8fadc9 #cddeea #f7fafc #ffffff #b0c4d6 #48637f #d1495b #2e4057 #66a182'),
  palette('winter pink', '#a3a8d1 #e3d0e6 #fff3ee #ffffff #bcb5d6 #4d4a78 #ee6c8a #5e6fa3 #ffb5a7'),
  palette('dry orange', '#5aa9c4 #f3d9b1 #f8c97c #fff7dc #dd9a5b #7a3b1e #84a59d #f28482 #f7ede2'),
  palette('dry red', '#c8553d #f28f3b #ffd5a5 #fff3da #c4613a #4a1c12 #588b8b #f4d35e #ffcfb0'),
  palette('sea blue', '#04396b #1c86c7 #b8ecf5 #fdfff2 #4aa3d0 #02233f #ffb703 #fb8500 #8ecae6'),
  palette('sea green', '#0d4a4e #2fa89a #eef7df #fffdf0 #5dbda9 #0b2a2d #e9c46a #f4a261 #e76f51'),
  palette('red', '#4b0d22 #b1203f #ffb3a8 #fff0e0 #8e1f3a #22060f #ff758f #ffb3c1 #ffd6a5'),
  palette('pink', '#7a3356 #d9819d #fdeae4 #fffaf5 #c0708f #3f1632 #ff5d8f #ff97b7 #ffc4d6'),
  palette('orange yellow', '#8c4a1b #e39a37 #fff1bd #fffbe8 #cc7c38 #43230f #d62828 #f77f00 #fcbf49'),
  palette('green', '#10513c #3c9d78 #ddf5e2 #fbfff0 #5fb98e #0a2a20 #f4d35e #ee964b #b7e4c7'),
  palette('purple', '#34246b #8268b3 #f5defa #fff8ff #9a80bf #20153f #f15bb5 #fee440 #9b5de5'),
  palette('grey', '#2b2d42 #8d99ae #edf2f4 #ffffff #939fb3 #1b1c2b #ef233c #d9dce6 #f3c677'),
]

const WORDS: Readonly<Record<Mood, string>> = {
  dawn: 'dawn morning sunrise mist misty fog foggy pastel spring',
  day: 'day noon sunny summer bright sky meadow grass park',
  sunset: 'sunset dusk evening twilight autumn fall romantic',
  night:
    'night dark midnight moon moonlit stars star starry black galaxy space neon dream ghost vampire universe cosmos',
  winter: 'winter snow snowy ice icy frozen cold arctic penguin polar christmas glacier white',
  dry: 'desert dune dunes sand sandy canyon cactus pyramid camel sahara egypt mars',
  sea: 'sea ocean underwater fish whale lagoon reef beach wave waves',
  red: 'red crimson scarlet ruby blood tomato cherry apple strawberry fire lava devil',
  orange: 'orange copper rust pumpkin tiger fox carrot amber flame',
  yellow: 'yellow gold golden lemon banana honey sunflower bee wheat corn',
  green: 'green emerald jade forest jungle leaf leaves frog moss tree trees plant vegetable',
  blue: 'blue azure navy sapphire cyan denim',
  purple: 'purple violet lavender lilac plum grape magenta indigo',
  pink: 'pink rose blossom flamingo peach bubblegum',
  grey: 'grey gray silver steel stone concrete monochrome ink pencil charcoal robot metal',
}

/** Moods of a place; a colour or a time that the prompt names weighs more. */
const PLACES: ReadonlySet<Mood> = new Set(['sea', 'dry'])

/** The palette of a prompt: the one that shares most moods with its words, else one of the moods that suit the scene. */
export function choosePalette(words: ReadonlySet<string>, suits: readonly Mood[], dice: Dice): Palette {
  const asked = (Object.keys(WORDS) as Mood[]).filter((mood) => WORDS[mood].split(' ').some((word) => words.has(word)))
  const shared = (candidate: Palette, moods: readonly Mood[]) =>
    candidate.moods.reduce((sum, mood) => sum + (moods.includes(mood) ? (PLACES.has(mood) ? 1 : 2) : 0), 0)
  const most = Math.max(...PALETTES.map((candidate) => shared(candidate, asked)))
  const moods = most > 0 ? asked : suits
  const least = most > 0 ? most : 1
  const chosen = dice.pick(PALETTES.filter((candidate) => shared(candidate, moods) >= least))
  return turned(chosen, dice.between(-9, 9))
}

function turned(chosen: Palette, degrees: number): Palette {
  const turn = <T>(colors: T) => (colors as string[]).map((color) => turnHue(color, degrees)) as T
  const [far, near] = turn([chosen.far, chosen.near] as [string, string])
  return { ...chosen, sky: turn(chosen.sky), accents: turn(chosen.accents), far, near }
}

/** True where the sky is dark enough for stars. */
export function isDark(colors: Palette): boolean {
  return colors.moods.includes('night')
}

/** The colours of a palette for drawings without depth. */
export function inksOf(colors: Palette): readonly string[] {
  return [...colors.accents, colors.far, colors.near, colors.sky[1], colors.light]
}
