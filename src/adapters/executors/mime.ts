/** Media types of files that programs leave: by their first bytes, else by their name. */

/** How many first bytes `mimeOf` wants to see. */
export const MIME_HEAD_BYTES = 16

const BY_EXTENSION: Readonly<Record<string, string>> = {
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  json: 'application/json',
  jsonl: 'application/jsonl',
  svg: 'image/svg+xml',
  obj: 'model/obj',
}

const BY_BRAND: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  heic: 'image/heic',
  'M4A ': 'audio/mp4',
  'qt  ': 'video/quicktime',
}

/** The media type of a file with these first bytes and this name; application/octet-stream where neither tells. */
export function mimeOf(head: Uint8Array, name: string): string {
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  return byMagic(Buffer.from(head).toString('latin1')) ?? BY_EXTENSION[extension] ?? 'application/octet-stream'
}

function byMagic(head: string): string | undefined {
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'image/gif'
  if (head.startsWith('RIFF'))
    return { WEBP: 'image/webp', WAVE: 'audio/wav', 'AVI ': 'video/x-msvideo' }[head.slice(8, 12)]
  if (head.startsWith('II*\0') || head.startsWith('MM\0*')) return 'image/tiff'
  if (head.slice(4, 8) === 'ftyp') return BY_BRAND[head.slice(8, 12)] ?? 'video/mp4'
  if (head.startsWith('\x1aE\xdf\xa3')) return 'video/webm'
  if (head.startsWith('OggS')) return 'audio/ogg'
  if (head.startsWith('fLaC')) return 'audio/flac'
  if (head.startsWith('ID3')) return 'audio/mpeg'
  if (head.startsWith('glTF')) return 'model/gltf-binary'
  if (head.startsWith('%PDF-')) return 'application/pdf'
  if (head.startsWith('PK\x03\x04')) return 'application/zip'
  if (head.startsWith('\x1f\x8b')) return 'application/gzip'
  return undefined
}
