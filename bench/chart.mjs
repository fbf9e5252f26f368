/** The chart of `results/migrate.svg`: what a megabyte of source costs in seconds, against how much there is; ours and the limit. */

const WIDTH = 720
const HEIGHT = 360
const EDGE = { left: 64, right: 24, top: 44, bottom: 52 }

/** @param {readonly { work: string, sourceMB: number, seconds: number, checkpoints: number, limitPerSecond: number }[]} results */
export function chart(results) {
  const points = results.map((found) => ({
    name: found.work,
    size: found.sourceMB,
    ours: (found.seconds / found.sourceMB) * 1000,
    limit: (found.checkpoints / found.limitPerSecond / found.sourceMB) * 1000,
  }))
  const x = scale(
    points.map(({ size }) => size),
    EDGE.left,
    WIDTH - EDGE.right,
  )
  const costs = points.flatMap(({ ours, limit }) => [ours, limit])
  const y = scale(costs, HEIGHT - EDGE.bottom, EDGE.top)
  const marks = points.map(
    ({ name, size, ours, limit }) =>
      `<g><title>${name}: ${ours.toFixed(1)} ms/MB, limit ${limit.toFixed(1)} ms/MB</title>` +
      `<line class="gap" x1="${x.at(size)}" x2="${x.at(size)}" y1="${y.at(ours)}" y2="${y.at(limit)}"/>` +
      `<circle class="ours" cx="${x.at(size)}" cy="${y.at(ours)}" r="5"/>` +
      `<rect class="limit" x="${x.at(size) - 4}" y="${y.at(limit) - 4}" width="8" height="8"/></g>`,
  )
  const across = x.ticks.map(
    (value) =>
      `<line class="grid" x1="${x.at(value)}" x2="${x.at(value)}" y1="${EDGE.top}" y2="${HEIGHT - EDGE.bottom}"/>` +
      `<text x="${x.at(value)}" y="${HEIGHT - EDGE.bottom + 18}" text-anchor="middle">${value.toLocaleString('en-US')}</text>`,
  )
  const up = y.ticks.map(
    (value) =>
      `<line class="grid" x1="${EDGE.left}" x2="${WIDTH - EDGE.right}" y1="${y.at(value)}" y2="${y.at(value)}"/>` +
      `<text x="${EDGE.left - 8}" y="${y.at(value) + 4}" text-anchor="end">${value}</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Milliseconds for a megabyte of source, by size of the source">
<style>
text { font: 12px system-ui, sans-serif; fill: #57606a } .title { font-size: 14px; fill: #24292f }
.grid { stroke: #d0d7de } .gap { stroke: #8c959f; stroke-dasharray: 2 3 } .ours { fill: #0969da } .limit { fill: #bc4c00 }
@media (prefers-color-scheme: dark) { text { fill: #9198a1 } .title { fill: #f0f6fc } .grid { stroke: #3d444d } .ours { fill: #4493f8 } .limit { fill: #db6d28 } }
</style>
<text class="title" x="${EDGE.left}" y="20">Milliseconds for a megabyte of source</text>
<circle class="ours" cx="${WIDTH - 236}" cy="16" r="5"/><text x="${WIDTH - 226}" y="20">cp-migrate</text>
<rect class="limit" x="${WIDTH - 148}" y="12" width="8" height="8"/><text x="${WIDTH - 134}" y="20">limit of the servers</text>
${[...across, ...up, ...marks].join('\n')}
<text x="${(EDGE.left + WIDTH - EDGE.right) / 2}" y="${HEIGHT - 12}" text-anchor="middle">megabytes in Redis</text>
</svg>
`
}

/** A logarithmic scale with 1-2-5 ticks over the values. @param {number[]} values @param {number} from @param {number} to */
function scale(values, from, to) {
  const low = Math.min(...values) / 1.25
  const high = Math.max(...values) * 1.25
  const ticks = []
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const step of [1, 2, 5]) {
      const value = Number((step * 10 ** power).toPrecision(1))
      if (value >= low && value <= high) ticks.push(value)
    }
  }
  /** @param {number} value */
  const at = (value) =>
    Math.round(
      (from + ((Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (to - from)) * 10,
    ) / 10
  return { at, ticks }
}
