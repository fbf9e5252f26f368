/** Ends the process when one payload takes far too long: a loop that never ends would otherwise only look slow. */
import { Worker } from 'node:worker_threads'

/** A payload takes microseconds; a busy machine makes that milliseconds. */
const SECONDS = 60

const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads')
  const places = new Int32Array(workerData)
  let name = ''
  let last = -1
  let since = Date.now()
  parentPort.on('message', (message) => { name = message })
  setInterval(() => {
    const at = Atomics.load(places, 0)
    if (at !== last || at < 0) { last = at; since = Date.now() }
    else if (Date.now() - since > ${SECONDS * 1000}) {
      require('node:fs').writeSync(2, 'HANGS: ' + name + ', payload ' + (at - 1) + '\\n')
      process.kill(process.pid, 'SIGKILL')
    }
  }, 1000)
`

export class Watchdog {
  private readonly places = new SharedArrayBuffer(4)
  private readonly at = new Int32Array(this.places)
  private readonly worker = new Worker(PROGRAM, { eval: true, workerData: this.places })

  constructor() {
    Atomics.store(this.at, 0, -1)
    this.worker.unref()
  }

  watch(name: string): void {
    this.worker.postMessage(name)
  }

  isAt(index: number): void {
    Atomics.store(this.at, 0, index + 1)
  }

  stop(): void {
    Atomics.store(this.at, 0, -1)
    void this.worker.terminate()
  }
}
