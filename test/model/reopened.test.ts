/** Tests of what is opened on demand: never twice at a time, again when it broke, and nothing is left open. */
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Reopened } from '../../src/model/reopened.js'

interface Thing {
  state: 'alive' | 'broken' | 'closed'
}

function watched(fails: () => boolean = () => false) {
  const things: Thing[] = []
  const reopened = new Reopened<Thing>({
    open: async () => {
      await setImmediate()
      if (fails()) throw new Error('nobody answers')
      const thing: Thing = { state: 'alive' }
      things.push(thing)
      return thing
    },
    isAlive: ({ state }) => state === 'alive',
    close: (thing) => {
      thing.state = 'closed'
    },
  })
  return { things, reopened }
}

test('all who ask at once get the same, and so does who asks later', async () => {
  const { things, reopened } = watched()
  const [a, b] = await Promise.all([reopened.get(), reopened.get()])
  expect(a).toBe(b)
  expect(await reopened.get()).toBe(a)
  expect(things).toHaveLength(1)
})

test('what broke is opened again, once for all who find it broken', async () => {
  const { reopened } = watched()
  ;(await reopened.get()).state = 'broken'
  const again = await Promise.all([reopened.get(), reopened.get(), reopened.get()])
  expect(new Set(again).size).toBe(1)
  expect(again[0]!.state).toBe('alive')
})

test('an opening that failed is tried again by the next who asks', async () => {
  let down = true
  const { reopened } = watched(() => down)
  await expect(Promise.allSettled([reopened.get(), reopened.get()])).resolves.toMatchObject([
    { status: 'rejected' },
    { status: 'rejected' },
  ])
  down = false
  expect((await reopened.get()).state).toBe('alive')
})

test('nothing stays open, also where closing comes before the opening is done', async () => {
  const { things, reopened } = watched()
  const asked = Promise.all([reopened.get(), reopened.get()])
  await reopened.close()
  await asked
  await reopened.get()
  await reopened.close()
  expect(things.map(({ state }) => state)).toEqual(['closed', 'closed'])
})
