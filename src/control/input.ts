/** Checks what a request brings against its schema; the answer to a wrong one names each key. */
import { z } from 'zod'
import { MeshError } from '../core/errors.ts'

/** @throws MESH_BAD_REQUEST with every problem in one line */
export function parseInput<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.map(String).join('.') || 'request'}: ${issue.message}`,
  )
  throw new MeshError(
    'MESH_BAD_REQUEST',
    `the request is not understood: ${problems.slice(0, 5).join('; ').slice(0, 500)}`,
  )
}

/** A whole number in a query string. */
export function wholeNumber(min: number, max: number): z.ZodType<number> {
  return z
    .string()
    .regex(/^-?\d{1,15}$/, 'expected a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max))
}

/** What every path under a batch carries; how names may look is the business of the node. */
export const batchPath = z.object({ name: z.string().min(1).max(400) })
export const taskPath = batchPath.extend({ ref: z.string().min(1).max(64) })
