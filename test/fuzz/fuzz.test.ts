/** A slice of `npm run fuzz`: the same payloads in every run, and enough of them decoded for the comparison to mean something. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { officialPython } from '../services/python.js'
import { Peer } from './peer.js'
import { runTarget } from './run.js'
import type { Target } from './target.js'
import { allTargets } from './targets.js'

const SEED = 20_261_121
/** Of each codec, and of each layout. */
const COUNT = { codec: 1000, layout: 150 }

let peer: Peer
let targets: readonly Target[] = []
beforeAll(async () => {
  peer = new Peer(await officialPython())
  targets = await allTargets(peer)
})
afterAll(() => peer.close())

describe('mutated payloads', () => {
  it('of every codec are read as Python reads them, or refused', async () => {
    const codecs = targets.filter(({ name }) => !name.startsWith('layout:'))
    expect(codecs.length).toBeGreaterThan(8)
    for (const target of codecs) {
      const tally = await runTarget(target, peer, { seed: SEED, from: 0, count: COUNT.codec })
      expect(tally.failures, target.name).toEqual([])
      expect(tally.decoded / tally.payloads, target.name).toBeGreaterThan(0.3)
      if (target.peer !== undefined) expect(tally.compared, target.name).toBeGreaterThan(COUNT.codec * 0.2)
    }
  })

  it('in the keys of every layout become rows or findings, and nothing is lost without a word', async () => {
    const layouts = targets.filter(({ name }) => name.startsWith('layout:'))
    expect(layouts.length).toBeGreaterThan(30)
    for (const target of layouts) {
      const tally = await runTarget(target, peer, { seed: SEED, from: 0, count: COUNT.layout })
      expect(tally.failures, target.name).toEqual([])
      expect(tally.decoded / tally.payloads, target.name).toBeGreaterThan(0.3)
    }
  })
})
