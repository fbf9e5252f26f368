import { job } from '../dist/cli/job.js'

await job()
