/** Layouts that are a mapping and nothing more. */
import { genericLayout } from '../generic.js'
import type { Layout } from '../layout.js'
import { pickleChannelHash } from '../pickle/channel-hash.js'
import { pickleFieldHash } from '../pickle/field-hash.js'
import { picklePion } from '../pickle/pion.js'
import { pickleQuoted } from '../pickle/quoted.js'

export const MAPPED_LAYOUTS: readonly Layout[] = [
  pickleQuoted,
  picklePion,
  pickleFieldHash,
  pickleChannelHash,
].map(genericLayout)
