/** Ctrl-C and kill: the first one lets the command end cleanly, the second one ends the process at once. */
import { EXIT, type ExitCode, Failure } from '../model/failure.js'

/** Not SIGPIPE: a closed stdout shows as a write error. Not SIGHUP: without a terminal there is nobody to tell. */
const SIGNALS = {
  SIGINT: { failure: 'interrupted', exit: EXIT.interrupted },
  SIGTERM: { failure: 'terminated', exit: EXIT.terminated },
} as const
type SignalName = keyof typeof SIGNALS | 'SIGUSR1'

export interface SignalSource {
  on(signal: SignalName, listener: () => void): unknown
  off(signal: SignalName, listener: () => void): unknown
}

/** The signal to hand down, aborted with the failure to report; `dispose` gives the signals back to Node. */
export function listenForSignals(
  source: SignalSource,
  { onFirst, exit }: { readonly onFirst: () => void; readonly exit: (code: ExitCode) => void },
): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController()
  const listeners = (Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]).map((name) => {
    const listener = (): void => {
      if (controller.signal.aborted) {
        exit(SIGNALS[name].exit)
      } else {
        onFirst()
        controller.abort(new Failure(SIGNALS[name].failure))
      }
    }
    source.on(name, listener)
    return { name, listener }
  })
  return {
    signal: controller.signal,
    dispose() {
      for (const { name, listener } of listeners) source.off(name, listener)
    },
  }
}

/** SIGUSR1 asks how far it is; Windows has no such signal. Without a listener Node would open its debugger. */
export function listenForStatus(source: SignalSource, onStatus: () => void): { dispose(): void } {
  if (process.platform === 'win32') return { dispose() {} }
  source.on('SIGUSR1', onStatus)
  return { dispose: () => void source.off('SIGUSR1', onStatus) }
}
