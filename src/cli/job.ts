/** Where a job of a migration begins: in a thread of its own, with the line to its run. */
import { parentPort, workerData } from 'node:worker_threads'
import type { JobSettings } from '../commands/command.js'
import { runJob } from '../commands/jobs.js'
import { Job } from '../pipeline/jobs/job.js'

export async function job(): Promise<void> {
  const port = parentPort!
  await runJob(
    new Job({
      post: (message) => port.postMessage(message),
      listen: (take) => port.on('message', take),
    }),
    workerData as JobSettings,
  )
  // Nothing more is to come.
  port.close()
}
