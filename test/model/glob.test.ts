import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { globMatcher } from '../../src/model/glob.js'

describe('a glob over thread ids', () => {
  test.each([
    ['*', '', true],
    ['*', 'anything:at/all', true],
    ['user-*', 'user-1:session:2', true],
    ['user-*', 'other-user-1', false],
    ['*-7', 'a-7-7', true],
    ['a*b*c', 'a--b--c', true],
    ['a*b*c', 'a--c--b', false],
    ['t-?', 't-😀', true],
    ['t-?', 't-', false],
    ['t-[0-3]', 't-2', true],
    ['t-[0-3]', 't-4', false],
    ['t-[^0-3]', 't-4', true],
    ['t-[!ab]', 't-a', false],
    ['t-[]]', 't-]', true],
    ['t-[', 't-[', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['[\\]]', ']', true],
    ['exact', 'exact', true],
    ['exact', 'exactly', false],
    ['', '', true],
    ['', 'x', false],
    ['a.c', 'abc', false],
  ])('%j against %j is %j', (pattern, text, expected) => {
    expect(globMatcher(pattern)(text)).toBe(expected)
  })

  test('a text with its signs escaped matches itself and nothing else', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, other) => {
        const matches = globMatcher(text.replace(/[*?[\\\]^!-]/g, '\\$&'))
        expect(matches(text)).toBe(true)
        expect(matches(other)).toBe(other === text)
      }),
    )
  })

  test('agrees with a regular expression on patterns of stars and letters', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '*', '?') }),
        fc.string({ unit: fc.constantFrom('a', 'b') }),
        (pattern, text) => {
          const expression = new RegExp(`^${pattern.replace(/\*+/g, '.*').replaceAll('?', '.')}$`)
          expect(globMatcher(pattern)(text)).toBe(expression.test(text))
        },
      ),
    )
  })

  test('many stars against a long text that does not match end soon', () => {
    expect(globMatcher(`${'*a'.repeat(200)}b`)('a'.repeat(5000))).toBe(false)
  })
})
