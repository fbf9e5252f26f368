/** Makes a payload that shows a failure small, by leaving pieces out for as long as it still fails. */
import type { Target } from './target.js'

const MAX_TRIES = 3000

export function smallest(target: Target, payload: Buffer, fails: (payload: Buffer) => boolean): Buffer {
  return target.smaller === undefined
    ? withoutPieces(payload, fails)
    : withoutParts(payload, (bytes) => target.smaller!(bytes), fails)
}

function withoutPieces(payload: Buffer, fails: (payload: Buffer) => boolean): Buffer {
  let best = payload
  let tries = 0
  for (let piece = Math.ceil(best.length / 2); piece > 0; piece = Math.floor(piece / 2)) {
    for (let at = 0; at < best.length && tries < MAX_TRIES; ) {
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + piece)])
      tries++
      if (fails(shorter)) best = shorter
      else at += piece
    }
  }
  return best
}

function withoutParts(
  payload: Buffer,
  smaller: (payload: Buffer) => Iterable<Buffer>,
  fails: (payload: Buffer) => boolean,
): Buffer {
  for (const candidate of smaller(payload))
    if (fails(candidate)) return withoutParts(candidate, smaller, fails)
  return payload
}
