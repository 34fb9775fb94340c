/** The public API: a node in your own program. */

export { ERROR_CODES, MeshError, type MeshErrorCode } from './core/errors.ts'
export type { Artifact, Json, Params } from './core/facts.ts'
export { type CreateNodeOptions, createNode } from './create-node.ts'
export type * from './node/api.ts'
export type { Log } from './node/ports.ts'
