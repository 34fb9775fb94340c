/** The keys of a config, what each may hold, and where else it can be said: one table for files, environment and flags. */
import { z } from 'zod'

const PLACES_MAX = 1_024
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

/** A name that is safe in a file name, a URL and a table. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/
const PROFILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

const nameText = 'a name of a-z, 0-9, "-", "_" and "." that begins with a letter or digit, at most 63 long'
const placesText = `a whole number from 1 to ${PLACES_MAX}`
const webText = 'an address of this machine only, such as 127.0.0.1:7170 (other addresses are refused in this release)'
const profileText = 'an object such as { "executor": "command", "command": ["./draw.sh"] }'

/** Messages complete the sentence "expected …". What else a profile holds is checked by its executor. */
export const configSchema = z
  .strictObject(
    {
      data: z.string('a folder').min(1, 'a folder'),
      name: z.string(nameText).regex(NAME, nameText),
      web: z.string(webText).refine((text) => parseWebAddress(text) !== undefined, webText),
      places: z.int(placesText).min(1, placesText).max(PLACES_MAX, placesText),
      profile: z.string('the name of a profile').min(1, 'the name of a profile'),
      log: z.enum(LOG_LEVELS, `one of ${LOG_LEVELS.join(', ')}`),
      profiles: z.record(
        z.string().regex(PROFILE_NAME, 'a profile name of letters, digits, "-", "_" and ".", at most 63 long'),
        z.looseObject({ executor: z.string('the name of an executor').min(1, 'the name of an executor') }, profileText),
        'an object of profiles by name',
      ),
    },
    { error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : 'an object of settings') },
  )
  .partial()

/** What one config file, the environment or the flags said. */
export type PartialConfig = z.infer<typeof configSchema>

/** A profile as it was written: its executor checks the rest when the node starts. */
export type ProfileConfig = NonNullable<PartialConfig['profiles']>[string]

export type ConfigKey = keyof PartialConfig

interface KeyText {
  /** Undefined where only a file can say it. */
  readonly flag?: string
  readonly env?: string
  readonly default: string
  readonly meaning: string
}

/** Every key for people; the README's table is made of it. */
export const CONFIG_KEYS: { readonly [K in ConfigKey]-?: KeyText } = {
  data: {
    flag: '--data',
    env: 'PROMPTMESH_DATA',
    default: '$XDG_DATA_HOME/promptmesh, else ~/.local/share/promptmesh',
    meaning: 'the data directory: facts, artifacts, key',
  },
  name: { flag: '--name', env: 'PROMPTMESH_NAME', default: 'the host name', meaning: 'how this node is shown' },
  web: {
    flag: '--web',
    env: 'PROMPTMESH_WEB',
    default: '127.0.0.1:7170',
    meaning: 'address of the HTTP API and the page; this machine only',
  },
  places: {
    flag: '--places',
    env: 'PROMPTMESH_PLACES',
    default: 'what each profile says',
    meaning: 'attempts at a time, in place of what each profile says',
  },
  profile: {
    flag: '--profile',
    env: 'PROMPTMESH_PROFILE',
    default: 'the only one configured',
    meaning: 'the profile of prompts seeded without --profile',
  },
  log: { flag: '--log', env: 'PROMPTMESH_LOG', default: 'info', meaning: 'the least level that is logged' },
  profiles: { default: 'sketch, the built-in drawing executor', meaning: 'how this node runs each profile, by name' },
}

/** Host and port of a loopback address (`127.x.x.x`, `localhost` or `[::1]`, with a port); undefined for anything else. */
export function parseWebAddress(text: string): { host: string; port: number } | undefined {
  const match = /^(127(?:\.\d{1,3}){3}|localhost|\[::1\]):(\d{1,5})$/i.exec(text)
  const host = match?.[1]
  const port = Number(match?.[2])
  if (host === undefined || port > 65_535 || host.split('.').some((part) => Number(part) > 255)) return undefined
  return { host: host.replace(/[[\]]/g, '').toLowerCase(), port }
}
