/**
 * The one error class for failures that a caller can act on. `code` is stable, the message is for people:
 * what happened, to which id, what was expected, what to do. Mistakes of the programmer are TypeErrors.
 */
export const ERROR_CODES = {
  MESH_BAD_REQUEST: 'an argument is missing or not of the expected form',
  MESH_BATCH_NAME: 'a batch name is empty, too long or has a forbidden character',
  MESH_BATCH_UNKNOWN: 'no batch of that name is known here',
  MESH_TASK_UNKNOWN: 'the batch has no task of that index or id',
  MESH_PROFILE_UNKNOWN: 'no profile of that name is configured',
  MESH_CONFIG: 'the config file has an error; the message names the key',
  MESH_INPUT: 'the prompt file cannot be read; the message says why and where',
  MESH_OUTPUT: 'the output folder cannot be written',
  MESH_DATA_DIR: 'the data directory cannot be used',
  MESH_DATA_DIR_HELD: 'another process holds the data directory',
  MESH_FORMAT: 'stored data has a format that this version does not know',
  MESH_DISK_FULL: 'the disk is full; nothing was acknowledged',
  MESH_STORAGE: 'the store cannot be read or written',
  MESH_MEMBER_UNKNOWN: 'the mesh has no member of that id',
  MESH_NO_PEERS: 'no other member can be reached that the request needs',
  MESH_CLONED_ID: 'another node with the same identity runs: its data directory was copied',
  MESH_STOPPING: 'the node is stopping and takes no more requests',
  MESH_BUSY: 'a limit is reached; try again later',
  MESH_PORT_TAKEN: 'the port that was named is in use',
  MESH_NO_NODE: 'no node answers at that data directory or address',
  MESH_NOT_ALLOWED: 'the token or the origin of the request was refused',
  MESH_CANNOT_RUN: 'no node can run the tasks of this batch',
  MESH_TIMEOUT: 'the time given ran out first',
} as const

export type MeshErrorCode = keyof typeof ERROR_CODES

export class MeshError extends Error {
  readonly code: MeshErrorCode

  constructor(code: MeshErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'MeshError'
    this.code = code
  }
}
