/** All targets, by name. */
import { jsJsonTarget, plainJsonTarget } from './json.js'
import { layoutSeeds } from './layout-seeds.js'
import { layoutTarget } from './layouts.js'
import { msgpackTarget } from './msgpack.js'
import type { Peer } from './peer.js'
import { pickleTarget } from './pickle.js'
import { pythonJsonTarget } from './python-json.js'
import { seedsOfFixtures } from './seeds.js'
import type { Target } from './target.js'
import { wrapperTargets } from './wrappers.js'

export async function allTargets(peer: Peer): Promise<Target[]> {
  const seeds = seedsOfFixtures()
  const [pickles, msgpacks, jsons] = await Promise.all([peer.seeds('p'), peer.seeds('m'), peer.seeds('j')])
  return [
    pickleTarget([...pickles, ...seeds.pickles]),
    msgpackTarget([...msgpacks, ...seeds.msgpacks]),
    plainJsonTarget([...jsons, ...seeds.pythonJsons]),
    pythonJsonTarget([...jsons, ...seeds.pythonJsons]),
    jsJsonTarget([...jsons.filter(isJavaScript), ...seeds.jsJsons]),
    ...wrapperTargets([...pickles, ...msgpacks, ...jsons]),
    ...layoutSeeds().map(layoutTarget),
  ]
}

const isJavaScript = (text: Buffer): boolean => !/NaN|Infinity/.test(text.toString('latin1'))
