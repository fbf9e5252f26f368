/** How numpy 1 and 2 pickle arrays and scalars. */
import { type ClassReader, listNode, type Meaning, numberOf, objectMeaning, textNode } from './meaning.js'
import { asBytes, asText, asTuple } from './navigate.js'
import { intNode, type PickleNode, type PickleObject, rangeNode } from './node.js'

export const NUMPY_CLASSES: Readonly<Record<string, ClassReader>> = {
  'numpy.core.multiarray._reconstruct': array,
  'numpy._core.multiarray._reconstruct': array,
  'numpy.core.numeric._frombuffer': arrayOfBuffer,
  'numpy._core.numeric._frombuffer': arrayOfBuffer,
  'numpy.core.multiarray.scalar': scalar,
  'numpy._core.multiarray.scalar': scalar,
}

/** `_reconstruct(ndarray, (0,), b'b')` with the state `(version, shape, dtype, is Fortran order, data)`. */
function array(object: PickleObject): Meaning | undefined {
  const [cls] = object.args
  if (cls?.kind !== 'global' || cls.path !== 'numpy.ndarray' || object.state === undefined) return undefined
  const [, shape, dtype, fortran, data] = asTuple(object.state) ?? []
  if (fortran?.kind !== 'bool') return undefined
  return arrayMeaning(object, data, dtype, shape, fortran.value ? 'F' : 'C')
}

/** Protocol 5: `_frombuffer(data, dtype, shape, order)`. */
function arrayOfBuffer(object: PickleObject): Meaning | undefined {
  const [data, dtype, shape, order] = object.args
  const letter = order === undefined ? undefined : asText(order)
  return letter === 'C' || letter === 'F' ? arrayMeaning(object, data, dtype, shape, letter) : undefined
}

/** Arrays of objects hold pointers once written, and records lose their fields: both are refused. */
function arrayMeaning(
  object: PickleObject,
  data: PickleNode | undefined,
  dtypeNode: PickleNode | undefined,
  shapeNode: PickleNode | undefined,
  order: 'C' | 'F',
): Meaning | undefined {
  const dtype = dtypeOf(dtypeNode)
  const shape = shapeNode === undefined ? undefined : asTuple(shapeNode)
  const bytes = data === undefined ? undefined : asBytes(data)
  if (dtype === undefined || shape === undefined || bytes === undefined) return undefined
  if (!shape.every((size) => numberOf(size) !== undefined)) return undefined
  const body = [textNode(dtype.text), listNode(shape, object), textNode(order), rangeNode('bytes', bytes)]
  return objectMeaning('numpy', '', '', listNode(body, object))
}

interface Dtype {
  /** As `dtype.str` prints it: `<f8`, `|b1`, `<M8[us]`. */
  readonly text: string
  /** Kind and size: `f8`. */
  readonly code: string
  readonly littleEndian: boolean
  readonly unit: string
}

/** `dtype('f8', False, True)` with the state `(version, byte order, subarray, names, fields, …)`. */
function dtypeOf(node: PickleNode | undefined): Dtype | undefined {
  if (node?.kind !== 'object' || node.callable.kind !== 'global' || node.callable.path !== 'numpy.dtype') {
    return undefined
  }
  const code = node.args[0] === undefined ? undefined : asText(node.args[0])
  const state = node.state === undefined ? undefined : asTuple(node.state)
  if (code === undefined || state === undefined || !/^([biufcmM][0-9]+|[SU][0-9]*)$/.test(code))
    return undefined
  const [, order, subarray, names, fields] = state
  const isPlain = [subarray, names, fields].every((part) => part?.kind === 'null')
  const letter = order === undefined ? undefined : asText(order)
  if (!isPlain || (letter !== '<' && letter !== '>' && letter !== '|')) return undefined
  const unit = /^[mM]/.test(code) ? unitOf(state.at(-1)) : ''
  if (unit === undefined) return undefined
  const suffix = unit === '' ? '' : `[${unit}]`
  return { text: letter + code + suffix, code, littleEndian: letter !== '>', unit }
}

/** The unit of a date or duration: `(…, (unit, how many, 1, 1))`. */
function unitOf(metadata: PickleNode | undefined): string | undefined {
  const parts = asTuple(asTuple(metadata ?? { kind: 'null' })?.[1] ?? { kind: 'null' })
  const unit = parts?.[0] === undefined ? undefined : asBytes(parts[0])?.toString('latin1')
  const count = numberOf(parts?.[1])
  if (unit === undefined || count === undefined || !/^[a-zA-Z]+$/.test(unit)) return undefined
  return count === 1 ? unit : `${count}${unit}`
}

const SCALAR_NAMES: ReadonlyMap<string, string> = new Map([
  ['b1', 'bool_'],
  ...[1, 2, 4, 8].flatMap((size): [string, string][] => [
    [`i${size}`, `int${size * 8}`],
    [`u${size}`, `uint${size * 8}`],
  ]),
  ['f2', 'float16'],
  ['f4', 'float32'],
  ['f8', 'float64'],
  ['c8', 'complex64'],
  ['c16', 'complex128'],
  ['m8', 'timedelta64'],
  ['M8', 'datetime64'],
])

/** The official saver refuses scalars; every official reader builds `numpy.float64(1.5)`. */
function scalar(object: PickleObject): Meaning | undefined {
  const dtype = dtypeOf(object.args[0])
  const bytes = object.args[1] === undefined ? undefined : asBytes(object.args[1])
  if (dtype === undefined || bytes === undefined) return undefined
  if (dtype.code.startsWith('U'))
    return objectMeaning('single-argument', 'numpy', 'str_', utf32Text(bytes, dtype))
  if (dtype.code.startsWith('S'))
    return objectMeaning('single-argument', 'numpy', 'bytes_', rangeNode('bytes', bytes))
  const name = SCALAR_NAMES.get(dtype.code)
  const size = Number(dtype.code.slice(1))
  if (name === undefined || bytes.length !== size) return undefined
  const parts = dtype.code.startsWith('c') ? [bytes.subarray(0, size / 2), bytes.subarray(size / 2)] : [bytes]
  const values = parts.map((part) => numberNode(part, dtype))
  if (values.length === 1 && dtype.unit === '')
    return objectMeaning('single-argument', 'numpy', name, values[0]!)
  if (dtype.unit !== '') values.push(textNode(dtype.unit))
  return objectMeaning('positional', 'numpy', name, listNode(values, object))
}

function numberNode(bytes: Buffer, { code, littleEndian }: Dtype): PickleNode {
  const view = new DataView(Uint8Array.from(bytes).buffer)
  const bits = bytes.length * 8
  switch (code[0]) {
    case 'b':
      return { kind: 'bool', value: bytes[0] !== 0 }
    case 'u':
    case 'i':
    case 'm':
    case 'M': {
      const ordered = littleEndian ? Buffer.from(bytes).reverse() : bytes
      const value = BigInt(`0x${ordered.toString('hex')}`)
      return intNode(code[0] === 'u' ? value : BigInt.asIntN(bits, value))
    }
    default: {
      if (bits === 64) return { kind: 'float', value: view.getFloat64(0, littleEndian) }
      if (bits === 32) return { kind: 'float', value: view.getFloat32(0, littleEndian) }
      return { kind: 'float', value: halfFloat(view.getUint16(0, littleEndian)) }
    }
  }
}

/** IEEE 754 binary16, which Node 20 cannot read by itself. */
function halfFloat(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
}

function utf32Text(bytes: Buffer, { littleEndian }: Dtype): PickleNode {
  let text = ''
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const code = littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
    text += code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd'
  }
  return textNode(text)
}
