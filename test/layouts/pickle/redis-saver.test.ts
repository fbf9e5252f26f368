/** What the values of PickleRedisSaver become, one peculiarity a test. The pickles were made by CPython 3.11. */
import { describe, expect, it } from 'vitest'
import { treeOf } from '../../../src/codec/tree.js'
import { fixture } from '../../corpus/cases.js'
import { type Key, keysOf, readKeys, reasonsOf } from '../read-case.js'

const PARENT = '1f1e0000-0000-6000-8000-000000000001'
const ID = '1f1e0000-0000-6000-8000-000000000002'

/** A plain tuple (protocol 4) with pending writes: two of `task`, the second an interrupt, and one of `other`. */
const PLAIN_TUPLE =
  'gASVTgEAAAAAAAAofZSMDGNvbmZpZ3VyYWJsZZR9lCiMCXRocmVhZF9pZJSMAXSUjA1jaGVja3BvaW50X2lklIwkMWYxZTAwMDAtMDAwMC02MDAwLTgwMDAtMDAwMDAwMDAwMDAylHVzfZQojAF2lEsBjAJpZJRoBowCdHOUjANub3eUjA5jaGFubmVsX3ZhbHVlc5R9lIwBY5RLAXOMEGNoYW5uZWxfdmVyc2lvbnOUfZRoDksCc4wNdmVyc2lvbnNfc2VlbpR9lIwNcGVuZGluZ19zZW5kc5RdlHV9lIwEc3RlcJRLAXN9lGgBfZQoaANoBGgFjCQxZjFlMDAwMC0wMDAwLTYwMDAtODAwMC0wMDAwMDAwMDAwMDGUdXNdlCiMBHRhc2uUaA5LAYeUaBuMDV9faW50ZXJydXB0X1+UjAE/lIeUjAVvdGhlcpRoDksCh5RldJQu'
/** A plain tuple (protocol 0): thread 7, no metadata, no parent. */
const NUMBERED_THREAD =
  'KChkcDAKVmNvbmZpZ3VyYWJsZQpwMQooZHAyClZ0aHJlYWRfaWQKcDMKSTcKc1ZjaGVja3BvaW50X2lkCnA0ClYxZjFlMDAwMC0wMDAwLTYwMDAtODAwMC0wMDAwMDAwMDAwMDIKcDUKc3MoZHA2ClZ2CnA3CkkxCnNWaWQKcDgKZzUKc1Z0cwpwOQpWbm93CnAxMApzVmNoYW5uZWxfdmFsdWVzCnAxMQooZHAxMgpWYwpwMTMKSTEKc3NWY2hhbm5lbF92ZXJzaW9ucwpwMTQKKGRwMTUKZzEzCkkyCnNzVnZlcnNpb25zX3NlZW4KcDE2CihkcDE3CnNWcGVuZGluZ19zZW5kcwpwMTgKKGxwMTkKc05OTnRwMjAKLg=='
/** A CheckpointTuple (protocol 0). */
const ASCII_TUPLE =
  'Y2NvcHlfcmVnCl9yZWNvbnN0cnVjdG9yCnAwCihjbGFuZ2dyYXBoLmNoZWNrcG9pbnQuYmFzZQpDaGVja3BvaW50VHVwbGUKcDEKY19fYnVpbHRpbl9fCnR1cGxlCnAyCigoZHAzClZjb25maWd1cmFibGUKcDQKKGRwNQpWdGhyZWFkX2lkCnA2ClZ0CnA3CnNWY2hlY2twb2ludF9pZApwOApWMWYxZTAwMDAtMDAwMC02MDAwLTgwMDAtMDAwMDAwMDAwMDAyCnA5CnNzKGRwMTAKVnYKcDExCkkxCnNWaWQKcDEyCmc5CnNWdHMKcDEzClZub3cKcDE0CnNWY2hhbm5lbF92YWx1ZXMKcDE1CihkcDE2ClZjCnAxNwpJMQpzc1ZjaGFubmVsX3ZlcnNpb25zCnAxOAooZHAxOQpnMTcKSTIKc3NWdmVyc2lvbnNfc2VlbgpwMjAKKGRwMjEKc1ZwZW5kaW5nX3NlbmRzCnAyMgoobHAyMwpzKGRwMjQKVnN0ZXAKcDI1CkkxCnNOTnRwMjYKdHAyNwpScDI4Ci4='
/** A CheckpointTuple (protocol 4) whose channel has None for a version. */
const NO_VERSION =
  'gASVFAEAAAAAAACMGWxhbmdncmFwaC5jaGVja3BvaW50LmJhc2WUjA9DaGVja3BvaW50VHVwbGWUk5QofZSMDGNvbmZpZ3VyYWJsZZR9lCiMCXRocmVhZF9pZJSMAXSUjA1jaGVja3BvaW50X2lklIwkMWYxZTAwMDAtMDAwMC02MDAwLTgwMDAtMDAwMDAwMDAwMDAylHVzfZQojAF2lEsBjAJpZJRoCYwCdHOUjANub3eUjA5jaGFubmVsX3ZhbHVlc5R9lIwBY5RLAXOMEGNoYW5uZWxfdmVyc2lvbnOUfZRoEU5zjA12ZXJzaW9uc19zZWVulH2UjA1wZW5kaW5nX3NlbmRzlF2UdX2UjARzdGVwlEsBc05OdJSBlC4='

const bytes = (key: string, content: Buffer): Key => ({
  key: Buffer.from(key),
  value: { type: 'string', bytes: content },
})
const pickle = (base64: string, key = `checkpoint:t:${ID}`) => bytes(key, Buffer.from(base64, 'base64'))

describe('a pickled checkpoint', () => {
  it('may be a plain tuple of the same shape; its pending writes come with the positions they had', () => {
    const { checkpoints, writes } = readKeys([pickle(PLAIN_TUPLE)])
    expect(checkpoints).toMatchObject([
      {
        threadId: 't',
        checkpointNs: '',
        checkpointId: ID,
        parentCheckpointId: PARENT,
        channelVersions: new Map([['c', 2]]),
        origin: { layout: 'pickle-redis-saver' },
      },
    ])
    expect([...checkpoints[0]!.fields.keys()]).toEqual(['v', 'ts'])
    expect(writes.map(({ taskId, idx, channel }) => [taskId, idx, channel])).toEqual([
      ['task', 0, 'c'],
      ['other', 0, 'c'],
      ['task', -3, '__interrupt__'],
    ])
  })

  it('may be of protocol 0', () => {
    const { checkpoints } = readKeys([pickle(ASCII_TUPLE)])
    expect(checkpoints).toMatchObject([{ checkpointId: ID, parentCheckpointId: null }])
  })

  it('goes to the thread that it names, also by a number, and has empty metadata where there is none', () => {
    const { checkpoints } = readKeys([pickle(NUMBERED_THREAD)])
    expect(checkpoints).toMatchObject([{ threadId: '7' }])
    expect(treeOf(checkpoints[0]!.metadata)).toEqual({ kind: 'map', entries: [] })
  })

  it('with something else than a version is refused under its thread', () => {
    const reading = readKeys([pickle(NO_VERSION)])
    expect(reading.checkpoints).toEqual([])
    expect(reading.findings).toMatchObject([{ reason: 'undecodable', threadId: 't', checkpointId: ID }])
  })

  it('keeps the live Sends that langgraph 0.2 left in it', () => {
    const { checkpoints } = readKeys(keysOf(fixture('pickle/f1-protocol2-old')))
    const sends = checkpoints.flatMap(({ pendingSends }) => pendingSends.map(treeOf))
    expect(sends.length).toBeGreaterThan(0)
    for (const send of sends) expect(send).toMatchObject({ kind: 'object', head: { name: 'Send' } })
  })

  it('that was overwritten by a nested graph is its own parent: it stays so, as the saver gives it, with a finding', () => {
    const reading = readKeys(keysOf(fixture('pickle/f1-protocol2-old')))
    const findings = reading.findings.filter(({ reason }) => reason === 'parent-is-itself')
    expect(findings).toMatchObject([{ threadId: 'sub-interrupt' }])
    const found = reading.checkpoints.find(({ checkpointId }) => checkpointId === findings[0]!.checkpointId)
    expect(found?.parentCheckpointId).toBe(found?.checkpointId)
  })
})

describe('values that are none of this saver’s', () => {
  it.each([
    ['text', 'hello'],
    ['JSON', '{"a": 1}'],
    ['nothing', ''],
    ['text in brackets', '(see below.'],
    ['a pickled dict', Buffer.from('80047d942e', 'hex')],
    ['a pickled pair', Buffer.from('80044b014b0286942e', 'hex')],
  ])('are left to others: %s', (_, content) => {
    const reading = readKeys([bytes(`checkpoint:t:${ID}`, Buffer.from(content as Buffer))])
    expect(reading.refused).toEqual([`checkpoint:t:${ID}`])
    expect(reading.findings).toEqual([])
  })

  it.each([
    ['protocol 4', PLAIN_TUPLE],
    ['protocol 0', NUMBERED_THREAD],
    ['protocol 0, by name', ASCII_TUPLE],
  ])('are not meant where a pickle of %s is cut: that is reported, wherever the cut is', (_, base64) => {
    const whole = Buffer.from(base64, 'base64')
    for (let length = 60; length < whole.length; length++) {
      const reading = readKeys([bytes(`checkpoint:t:${ID}`, whole.subarray(0, length))])
      expect(reasonsOf(reading)).toEqual({ undecodable: 1 })
      expect(reading.findings[0]).toMatchObject({ threadId: 't', checkpointId: ID })
    }
  })

  it('never make it throw, whichever byte is changed', () => {
    const whole = Buffer.from(PLAIN_TUPLE, 'base64')
    for (let at = 0; at < whole.length; at++) {
      for (const byte of [0x00, 0x2e, 0x28, 0x4e, 0x68, 0x81, 0x94, 0xff]) {
        const changed = Buffer.from(whole)
        changed[at] = byte
        const { checkpoints, findings, refused } = readKeys([bytes(`checkpoint:t:${ID}`, changed)])
        expect(checkpoints.length + findings.length + refused.length).toBeGreaterThan(0)
      }
    }
  })
})

describe('pointers', () => {
  const latest = (thread: string, target: string) => bytes(`checkpoint_latest:${thread}`, Buffer.from(target))

  it('say nothing while their checkpoint is there', () => {
    expect(readKeys([pickle(PLAIN_TUPLE), latest('t', ID)]).findings).toEqual([])
  })

  it('to nothing are a finding', () => {
    const { findings } = readKeys([latest('ghost', ID)])
    expect(findings).toMatchObject([{ reason: 'dangling-pointer', threadId: 'ghost', checkpointId: ID }])
  })

  it('of threads with colons are not taken for those of the official saver', () => {
    const { findings } = readKeys([latest('user:42:session:7', ID)])
    expect(findings).toMatchObject([{ threadId: 'user:42:session:7' }])
  })

  it('that hold anything else are left to others', () => {
    expect(readKeys([latest('t', 'anything')]).refused).toEqual(['checkpoint_latest:t'])
  })
})
