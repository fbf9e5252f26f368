/** Reads a pickle, protocols 0–5, into a graph of nodes. Imports nothing, calls nothing: a payload is data. */
import { DEFAULT_LIMITS, DecodeError, type DecodeLimits } from '../bytes.js'
import { PickleMachine } from './machine.js'
import type { PickleNode } from './node.js'
import { OPCODES, type PickleOpcode, STOP } from './opcodes.js'

/** The table as an array, because every byte of a pickle's skeleton looks into it. */
const BY_CODE: readonly (PickleOpcode | undefined)[] = Array.from({ length: 256 }, (_, code) =>
  OPCODES.find((opcode) => opcode.code === code),
)

/**
 * The graph a pickle describes; texts and bytes are ranges of `bytes`, which must not change while the graph is in use. Takes memory in
 * proportion to `bytes`, whatever they claim. What follows STOP is ignored, as `pickle.loads` does. `limits` bind whoever
 * emits the graph (pickle-value.ts). Throws `DecodeError` with the offset of the opcode it failed at.
 */
export function readPickle(bytes: Buffer, limits: DecodeLimits = DEFAULT_LIMITS): PickleNode {
  const machine = new PickleMachine(bytes, limits)
  for (;;) {
    machine.opcodeAt = machine.at
    if (machine.at >= bytes.length) throw new DecodeError('the pickle ends before its STOP', machine.at)
    const code = bytes[machine.at++]!
    if (code === STOP) return machine.result()
    const opcode = BY_CODE[code]
    if (opcode?.run === undefined) throw unreadable(code, opcode, machine.opcodeAt)
    opcode.run(machine)
  }
}

function unreadable(code: number, opcode: PickleOpcode | undefined, at: number): DecodeError {
  if (opcode === undefined)
    return new DecodeError(`0x${code.toString(16).padStart(2, '0')} is no pickle opcode`, at)
  return new DecodeError(`opcode ${opcode.name}: ${opcode.rejected}`, at)
}
