/** The environment of a command: the node's own, what the profile sets, and what the job is. */
import { MeshError } from '../../core/errors.ts'
import type { Job } from '../../node/ports.ts'

/** Most bytes of the prompt, and of the parameters as JSON, that go into one variable; Linux takes 128 KiB. */
const VARIABLE_BYTES_MAX = 65_536

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Makes the environment of each job. The node's variables are handed on but for those named PROMPTMESH_*, among
 * which is its key.
 * @param configured values may hold `${place}` and `${env:NAME}`
 * @throws MESH_CONFIG a value names a variable that is not set, or a placeholder that does not exist
 */
export function environmentMaker(
  profile: string,
  configured: Readonly<Record<string, string>>,
  environment: Environment,
): (job: Job) => Record<string, string | undefined> {
  const inherited = Object.entries(environment).filter(([name]) => !name.startsWith('PROMPTMESH_'))
  const templates = Object.entries(configured).map(([name, value]) => {
    return [name, fillNames(`profile "${profile}": env.${name}`, value, environment)] as const
  })
  return (job) => ({
    ...Object.fromEntries(inherited),
    ...Object.fromEntries(templates.map(([name, fill]) => [name, fill(job.place)])),
    ...variablesOf(job),
  })
}

function variablesOf(job: Job): Record<string, string> {
  const prompt = Buffer.byteLength(job.prompt) <= VARIABLE_BYTES_MAX ? { PROMPTMESH_PROMPT: job.prompt } : {}
  return {
    ...prompt,
    PROMPTMESH_PARAMS: JSON.stringify(job.params),
    PROMPTMESH_SEED: String(job.seed),
    PROMPTMESH_INDEX: String(job.index),
    PROMPTMESH_BATCH: job.batch,
    PROMPTMESH_ATTEMPT: String(job.attempt),
    PROMPTMESH_PLACE: String(job.place),
    PROMPTMESH_OUT: job.folder,
  }
}

/** Why this job cannot be put into an environment, or undefined where it can. */
export function unfitForEnvironment(job: Job): string | undefined {
  if (job.prompt.includes('\0')) return 'the prompt has a NUL character, which no command can be given; remove it'
  const bytes = Buffer.byteLength(JSON.stringify(job.params))
  if (bytes <= VARIABLE_BYTES_MAX) return undefined
  return `the parameters are ${bytes} bytes as JSON; a command is given at most ${VARIABLE_BYTES_MAX}`
}

/** Checks a value's placeholders and fills in those that are the same for every job. */
function fillNames(where: string, value: string, environment: Environment): (place: number) => string {
  const parts = value.split(/(\$\{[^}]*\})/).map((part) => {
    if (!part.startsWith('${')) return part
    const inside = part.slice(2, -1)
    if (inside === 'place') return undefined
    const name = inside.startsWith('env:') ? inside.slice(4) : undefined
    if (name === undefined) {
      throw new MeshError('MESH_CONFIG', `${where} has ${part}; known are \${place} and \${env:NAME}`)
    }
    const found = environment[name]
    if (found === undefined) {
      throw new MeshError(
        'MESH_CONFIG',
        `${where} needs the environment variable ${name}, which is not set; set it or remove ${part}`,
      )
    }
    return found
  })
  return (place) => parts.map((part) => part ?? String(place)).join('')
}
