/** What every long run is given of the settings and of its surroundings. */
import type { Prefixes } from '../layouts/layout.js'
import type { Context } from './command.js'
import type { Config } from './config.js'

/** For all that may take long. */
export const runOptions = ({ values }: Config, { onEvent, signal, now }: Context) => ({
  retryForMs: values.retryFor,
  takeoverTimeoutMs: values.takeoverTimeout,
  memoryBytes: values.memory,
  onEvent,
  signal,
  now,
  random: Math.random,
})

/** How keys may begin that are read. */
export const prefixesToRead = ({ values }: Config): Prefixes => ({
  checkpoint: values.checkpointPrefix,
  checkpointWrite: values.checkpointWritePrefix,
  checkpointBlob: values.checkpointBlobPrefix,
})
