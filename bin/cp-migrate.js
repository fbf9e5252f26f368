#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'
import { main } from '../dist/cli/main.js'

// Values pass through as buffers, which live outside the heap until a collection: a small young generation collects them soon.
setFlagsFromString('--max-semi-space-size=4')
setFlagsFromString('--semi-space-growth-factor=1')
process.exitCode = await main(process.argv.slice(2))
