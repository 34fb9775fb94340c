/** Decides before anything is read whether a request may pass: the exact Host, no foreign Origin, the token. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

export interface Refusal {
  readonly status: 401 | 403
  readonly message: string
}

/** The addresses by which a browser or a client may name a server on this port. */
export function addressesOf(host: string, port: number): string[] {
  const hosts = new Set(['127.0.0.1', 'localhost', '[::1]', host.includes(':') ? `[${host}]` : host])
  return [...hosts].map((name) => `${name}:${port}`)
}

/**
 * Why a request is refused, or undefined. A wrong Host is a rebound name, a foreign Origin is a page elsewhere:
 * both are refused whatever token they bring.
 */
export function refuse(headers: IncomingHttpHeaders, addresses: readonly string[]): Refusal | undefined {
  const { host, origin } = headers
  if (host === undefined || !addresses.includes(host.toLowerCase())) {
    return { status: 403, message: `requests must name this server as ${addresses[0]} in their Host header` }
  }
  if (origin !== undefined && !addresses.some((address) => origin === `http://${address}`)) {
    return { status: 403, message: 'requests from pages of other origins are refused' }
  }
  return undefined
}

/** Why a request without the right token is refused, or undefined; the comparison takes the same time for every wrong token. */
export function refuseToken(headers: IncomingHttpHeaders, token: string): Refusal | undefined {
  const given = /^Bearer ([\x21-\x7e]{1,256})$/.exec(headers.authorization ?? '')?.[1]
  if (given !== undefined && timingSafeEqual(digest(given), digest(token))) return undefined
  return {
    status: 401,
    message:
      'the token is missing or wrong: it stands in api.json in the data directory of the node, and is new at each start',
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
