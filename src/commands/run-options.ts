/** What every long run is given of the settings and of its surroundings. */
import type { Context } from './command.js'
import type { Config } from './config.js'

export const runOptions = ({ values }: Config, { onEvent, signal, now }: Context) => ({
  retryForMs: values.retryFor,
  takeoverTimeoutMs: values.takeoverTimeout,
  memoryBytes: values.memory,
  onEvent,
  signal,
  now,
  random: Math.random,
})
