/** The public API: a node in your own program. */
export { createNode, type CreateNodeOptions } from './create-node.ts'
export { ERROR_CODES, MeshError, type MeshErrorCode } from './core/errors.ts'
export type { Artifact, Json, Params } from './core/facts.ts'
export type * from './node/api.ts'
export type { Log } from './node/ports.ts'
