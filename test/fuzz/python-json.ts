/** JSON with the envelopes and markers of the Python savers: what we make of it loads in Postgres as it did from Redis. */
import { DecodeError, EncodeError } from '../../src/codec/bytes.js'
import { emitPythonJson } from '../../src/codec/json/python-json.js'
import { MsgpackWriter } from '../../src/codec/msgpack/write.js'
import { jsonShape, mutatedJson } from './json.js'
import type { Outcome, Target } from './target.js'

const WRITER = new MsgpackWriter({ maxBytes: 1 << 24 })

export function pythonJsonTarget(seeds: readonly Buffer[]): Target {
  const pool = seeds.map(jsonShape)
  return {
    name: 'python-json',
    peer: 'o',
    payload: (random) => mutatedJson(pool, random),
    read,
    // Its classes refuse arguments when they are called; ours are called by whoever reads the target.
    meant: { oursAlone: /./, theirsAlone: /^(nested more than 1000 deep|nested too deep)/ },
  }
}

/** The spelling is the msgpack that Postgres would hold. */
function read(payload: Buffer): Outcome {
  WRITER.reset()
  try {
    emitPythonJson(payload, 0, payload.length, WRITER)
  } catch (error) {
    if (error instanceof EncodeError) return { state: 'understood' }
    if (error instanceof DecodeError) return { state: 'refused', reason: error.message }
    throw error
  }
  return { state: 'decoded', spelling: Buffer.from(WRITER.view()) }
}
