/** Starts a job of a migration as a thread of this process, and is the line to it. */
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { JobSettings } from '../commands/command.js'
import type { JobHandle } from '../pipeline/jobs/jobs.js'
import type { FromJob, ToJob } from '../pipeline/jobs/messages.js'

/** Beside the package's other entry, so that it is found from wherever this file is bundled into. */
const ENTRY = new URL('../../bin/job.js', import.meta.url)
/** The young generation begins as large as that of the run ends up, because it will not grow: see bin/cp-migrate.js. */
const YOUNG_FLAG = '--min-semi-space-size=4'

export function startJob(settings: JobSettings): JobHandle {
  setFlagsFromString(YOUNG_FLAG)
  const worker = new Worker(ENTRY, { workerData: settings })
  const early: FromJob[] = []
  let take = (message: FromJob): void => void early.push(message)
  let tell = (_: Error): void => {}
  let death: Error | undefined
  const gone = (error: Error) => {
    death ??= error
    tell(death)
  }
  worker.on('message', (message: FromJob) => take(message))
  worker.on('error', gone)
  worker.on('exit', (code) => gone(new Error(`a job ended by itself, with code ${code}`)))
  return {
    post: (message: ToJob) => worker.postMessage(message),
    listen(listener) {
      take = listener
      for (const message of early.splice(0)) take(message)
    },
    gone(listener) {
      tell = listener
      if (death !== undefined) tell(death)
    },
    async close() {
      await worker.terminate()
    },
  }
}
