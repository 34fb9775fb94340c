/** The one error of this folder: bytes that are not what they claim to be. */
export class CodecError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'CodecError'
  }
}
