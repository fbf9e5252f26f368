/** LangGraph's serde pair: a type tag and bytes, made a value. */
import type { Value } from '../model/value.js'
import { DecodeError } from './bytes.js'
import { pythonJsonValue } from './json/python-json.js'
import { msgpackValue } from './msgpack/read.js'
import { readPickle } from './pickle/read.js'
import { pickleValue } from './pickle/value.js'

/**
 * The value of a pair as `JsonPlusSerializer` and `EncryptedSerializer` write it (langgraph-checkpoint 1.0.0–4.3.2). Throws `DecodeError` for a
 * tag that neither writes, and for a pickle that cannot be read; other bytes are decoded when the value is emitted.
 */
export function typedValue(type: string, bytes: Buffer): Value {
  const read = READERS.get(type)
  if (read !== undefined) return read(bytes)
  const plus = type.indexOf('+')
  if (READERS.has(type.slice(0, Math.max(plus, 0)))) return encryptedValue(type, bytes)
  throw new DecodeError(`unknown serialization type ${JSON.stringify(type)}`, 0)
}

const READERS: ReadonlyMap<string, (bytes: Buffer) => Value> = new Map([
  ['json', (bytes) => pythonJsonValue(bytes, 0, bytes.length)],
  ['msgpack', msgpackValue],
  ['pickle', (bytes) => pickleValue(readPickle(bytes))],
  ['null', nullValue],
  ['bytes', bytesValue],
  ['bytearray', bytearrayValue],
])

function bytesValue(bytes: Buffer): Value {
  return {
    encoding: 'raw',
    serdeType: 'bytes',
    bytes,
    emit: (sink) => sink.bytes(bytes, 0, bytes.length),
  }
}

function bytearrayValue(bytes: Buffer): Value {
  return {
    encoding: 'raw',
    serdeType: 'bytearray',
    bytes,
    emit: (sink) => sink.bytearray(bytes, 0, bytes.length),
  }
}

function nullValue(bytes: Buffer): Value {
  if (bytes.length > 0) throw new DecodeError(`${bytes.length} bytes in a value of type null`, 0)
  return { encoding: 'raw', serdeType: 'null', bytes, emit: (sink) => sink.null() }
}

/** Only the app's key opens it: its bytes go where they are, and nobody looks inside. */
function encryptedValue(type: string, bytes: Buffer): Value {
  return {
    encoding: 'encrypted',
    serdeType: type,
    bytes,
    emit: () => {
      throw new DecodeError(`encrypted value (${type})`, 0)
    },
  }
}
