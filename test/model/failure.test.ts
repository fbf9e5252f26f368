import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EXIT, explain, FAILURES, Failure, type FailureId, failureOf } from '../../src/model/failure.js'

/** A failure with every blank of its wording filled by its own name. */
const filledIn = (id: FailureId, facts: Record<string, string> = {}): Failure => {
  const { what, next } = FAILURES[id]
  const blanks = [...`${what} ${next}`.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name!, `<${name}>`])
  return new Failure(
    id as 'usage',
    { ...Object.fromEntries(blanks), ...facts } as { message: string; command: string },
  )
}

describe.each(Object.keys(FAILURES) as FailureId[])('the failure %s', (id) => {
  const { what, next, exit } = explain(filledIn(id))

  test('says what happened and what to do next', () => {
    expect(what, 'no sentence: an exit line follows').not.toMatch(/[.!]$/)
    expect(next, 'whole sentences').toMatch(/^[\p{Lu}<-].*[.!]$|^cp-migrate .*\.$/su)
    expect(`${what}${next}`).not.toMatch(/[{}]/)
  })

  test('has a published exit code', () => {
    expect(Object.values(EXIT)).toContain(exit)
    expect(exit).not.toBe(EXIT.ok)
  })
})

test('facts are printed safely and never filled in twice', () => {
  const { what } = explain(filledIn('usage', { message: 'a {command}\u001b[2J\n' }))
  expect(what).toBe('a {command}\\x1b[2J\\n')
})

test('any thrown value becomes a failure, and a failure stays the same', () => {
  const failure = filledIn('usage')
  expect(failureOf(failure)).toBe(failure)
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: false }), (thrown) => {
      expect(explain(failureOf(thrown)).exit).toBe(EXIT.failed)
    }),
  )
})
