/** Versions in Postgres that are not the source's own still have to tell the same. */
import { describe, expect, test } from 'vitest'
import { seenRelation, type VersionPair, VersionRule } from '../../../src/convert/compare/versions.js'
import type { ChannelVersion } from '../../../src/model/thread.js'

const string = (integer: number, tail = '1') => `${String(integer).padStart(32, '0')}.0.${tail}`
const pair = (source: ChannelVersion, target: ChannelVersion, digest?: string): VersionPair => ({
  checkpointNs: '',
  channel: 'messages',
  source,
  target,
  digest,
})

/** What is wrong with these channels of one thread, added in their order. */
function faults(pairs: readonly VersionPair[], renumbered: readonly string[] = []): string[] {
  const rule = new VersionRule<number>(new Map([['', new Set(renumbered)]]))
  pairs.forEach((one, at) => {
    rule.add(one, at)
  })
  return rule.end().map(({ where, why }) => `${where}: ${why}`)
}

describe('a channel version', () => {
  test('that is the source’s own is right', () => {
    expect(
      faults([pair(string(1), string(1), 'a'), pair(string(2), string(2), 'b'), pair(3, 3, 'c')]),
    ).toEqual([])
  })

  test('that is another text is wrong, unless the channel is known to have got versions of its own', () => {
    const other = [pair(string(1), string(1, '77'), 'a')]
    expect(faults(other)).toEqual(['0: '])
    expect(faults(other, ['messages'])).toEqual([])
  })

  test('may be another text where the source itself shows two values under one version', () => {
    expect(faults([pair(string(1), string(1), 'a'), pair(string(1), string(1, '77'), 'b')])).toEqual([])
  })

  test('of a value that is gone may be another, where its own holds the value of another fork', () => {
    expect(faults([pair(3, 3, 'a'), pair(3, 3.5)])).toEqual([])
    expect(faults([pair(2, 2, 'a'), pair(3, 3.5)])).toEqual(['1: '])
    expect(faults([pair(3, 3, 'a'), pair(3, 3.5, 'a')])).toEqual(['1: '])
  })

  test('of a saver that counts may be any text with that integer', () => {
    expect(faults([pair(1, string(1), 'a'), pair(2, string(2), 'b'), pair(2, string(2, '9'), 'c')])).toEqual(
      [],
    )
    expect(faults([pair(1, string(2), 'a')])).toEqual(['0: another integer'])
    expect(faults([pair(1, '1', 'a'), pair(3, 3.5, 'b')], ['messages'])).toEqual([])
  })

  test('stands for one version and one value of the source', () => {
    expect(faults([pair(1, string(1), 'a'), pair(1, string(1), 'b')])).toEqual([
      '1: stands for two values of the source',
    ])
    expect(
      faults([pair(string(1), string(1), 'a'), pair(string(1, '2'), string(1), 'a')], ['messages']),
    ).toEqual(['1: stands for two versions of the source'])
  })

  test('is the parent’s where version and value are the parent’s', () => {
    const rule = new VersionRule<string>(new Map())
    const parent = pair(1, string(1), 'a')
    rule.add(parent, 'parent')
    rule.add(pair(1, string(1), 'a'), 'child', parent)
    rule.add(pair(1, string(1, '5'), 'a'), 'changeling', parent)
    rule.add(pair(1, string(1, '6'), 'b'), 'mutated', parent)
    expect(rule.end().map(({ where }) => where)).toEqual(['changeling'])
  })
})

describe('what a node has seen', () => {
  test.each([
    [1, 2, -1],
    [2, 2, 0],
    [10, 9, 1],
    [string(9), string(10), -1],
    [string(10), string(10), 0],
    [string(10, '5'), string(10, '4'), 1],
    [2, string(3), -1],
    [string(3), 3, 0],
  ])('%s against %s', (seen, current, relation) => {
    expect(seenRelation(seen, current)).toBe(relation)
  })
})
