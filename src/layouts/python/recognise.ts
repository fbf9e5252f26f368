/** Tells the version lines of the official Python savers apart by one value, and says what told it. */
import { DecodeError } from '../../codec/bytes.js'
import { MAP } from '../../codec/json/scan.js'
import type { RedisValue } from '../../model/redis-value.js'
import type { ClaimedKey } from '../layout.js'
import { idField } from '../plain/json-records.js'
import {
  layoutOfDocument,
  openPythonDocument,
  PYTHON_FULL,
  PYTHON_FULL_0_0,
  PYTHON_SHALLOW,
  type PythonDocument,
  type PythonLayoutId,
} from './document.js'

export interface Recognition {
  readonly yes: boolean
  readonly evidence: string
}

/** Write documents look alike in all three lines, blob documents are of 0.0.x (full or shallow), index keys say nothing about values. */
export function recognisePython(layout: PythonLayoutId, key: ClaimedKey, value: RedisValue): Recognition {
  if (key.role === 'pointer') return recognisePointer(layout, value)
  if (key.role === 'index') return { yes: true, evidence: 'index key of the Python savers' }
  if (value.type !== 'ReJSON-RL') return { yes: false, evidence: `TYPE is ${value.type}, not ReJSON-RL` }
  try {
    return recogniseDocument(layout, openPythonDocument(value.text))
  } catch (error) {
    if (error instanceof DecodeError) return { yes: false, evidence: 'document is no JSON object' }
    throw error
  }
}

function recogniseDocument(layout: PythonLayoutId, document: PythonDocument): Recognition {
  switch (document.kind) {
    case 'checkpoint': {
      const own = layoutOfDocument(document)
      return { yes: own === layout, evidence: evidenceOf(own, document) }
    }
    case 'write':
      return { yes: true, evidence: 'write document has task_id and blob' }
    case 'blob':
      return { yes: layout !== PYTHON_FULL, evidence: 'blob document has channel and blob' }
    case 'stub':
      return { yes: layout === PYTHON_FULL, evidence: 'stub document has has_writes alone' }
    case 'broken':
      return { yes: false, evidence: 'document has thread_id, but no checkpoint' }
    case 'foreign':
      return { yes: false, evidence: 'document has no checkpoint with a type' }
  }
}

function evidenceOf(layout: PythonLayoutId, document: PythonDocument): string {
  switch (layout) {
    case PYTHON_FULL:
      return document.fields.has('checkpoint_ts')
        ? 'document has checkpoint_ts and parent_checkpoint_id'
        : 'document has has_writes and parent_checkpoint_id'
    case PYTHON_FULL_0_0:
      return idField(document, 'checkpoint_id') === idField(document, 'parent_checkpoint_id')
        ? 'document has one id as checkpoint_id and parent_checkpoint_id, and no checkpoint_ts'
        : 'document has parent_checkpoint_id, and no checkpoint_ts'
    case PYTHON_SHALLOW: {
      const metadata = document.fields.get('metadata')
      const form = metadata !== undefined && document.text[metadata.start] === MAP ? 'an object' : 'a string'
      return `document has no parent_checkpoint_id, its metadata is ${form}`
    }
  }
}

function recognisePointer(layout: PythonLayoutId, value: RedisValue): Recognition {
  const isKey = value.type === 'string' && value.bytes.includes(':')
  return isKey
    ? { yes: layout === PYTHON_FULL, evidence: 'pointer holds the name of a checkpoint key' }
    : { yes: false, evidence: 'pointer holds no key name' }
}
