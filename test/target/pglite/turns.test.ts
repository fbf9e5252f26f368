import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Turns } from '../../../src/target/pglite/turns.js'

/** Sessions that note when they speak; `keeps` says whether each word leaves a transaction open. */
function heard(turns: Turns) {
  const words: string[] = []
  let speaking = 0
  const say = (session: { readonly name: string }, word: string, keeps = false) =>
    turns.take(session, async () => {
      expect(++speaking).toBe(1)
      await sleep(1)
      words.push(`${session.name} ${word}`)
      speaking -= 1
      return { result: word, keeps }
    })
  return { words, say }
}

test('never do two speak at once, and nobody is forgotten', async () => {
  const { words, say } = heard(new Turns())
  const sessions = [1, 2, 3].map((number) => ({ name: `s${number}` }))
  await Promise.all(sessions.flatMap((session) => ['a', 'b', 'c'].map((word) => say(session, word))))
  expect(words).toHaveLength(9)
  for (const { name } of sessions) {
    expect(words.filter((word) => word.startsWith(name))).toEqual([`${name} a`, `${name} b`, `${name} c`])
  }
})

test('who is inside a transaction keeps the turn until it ends', async () => {
  const { words, say } = heard(new Turns())
  const [writer, reader] = [{ name: 'writer' }, { name: 'reader' }]
  await say(writer, 'BEGIN', true)
  const waiting = say(reader, 'SELECT')
  await say(writer, 'INSERT', true)
  await say(writer, 'COMMIT')
  await waiting
  expect(words).toEqual(['writer BEGIN', 'writer INSERT', 'writer COMMIT', 'reader SELECT'])
})

test('a failure gives the turn back', async () => {
  const turns = new Turns()
  const failing = turns.take({}, async () => {
    throw new Error('gone')
  })
  await expect(failing).rejects.toThrow('gone')
  expect(await turns.take({}, async () => ({ result: 7, keeps: false }))).toBe(7)
})
