/** What is measured: the data of each work, and how often. */

/**
 * @typedef {object} Work
 * @property {string} name
 * @property {'a5' | 'b1' | 'c3' | 'f1'} layout
 * @property {number} threads
 * @property {number} checkpoints a thread
 * @property {number} bytes what the state grows by at each checkpoint
 * @property {number} plain checkpoints that the plain scripts copy; 0: they are left out
 * @property {number} rounds
 * @property {boolean} [compressed] false: Postgres keeps values as it does by itself, not with lz4
 * @property {number} [jobs] threads are moved side by side
 */

/** @type {Work[]} */
export const WORKS = [
  work('a5', 'documents, 2 kB growth', 2000, 10, 2000, { plain: 2000, rounds: 5 }),
  work('f1', 'pickles, 2 kB growth', 2000, 10, 2000, { plain: 2000, rounds: 5 }),
  work('a5', 'documents, 2 kB growth, without lz4', 2000, 10, 2000, { rounds: 3, compressed: false }),
  work('a5', 'documents, 2 kB growth, two jobs', 2000, 10, 2000, { rounds: 3, jobs: 2 }),
  work('c3', 'hashes of msgpack, 2 kB growth', 1000, 10, 2000, { rounds: 3 }),
  work('b1', 'documents of JavaScript, 2 kB growth', 1000, 10, 2000, { rounds: 3 }),
  work('a5', 'documents, 0.5 kB growth', 2000, 10, 500, { rounds: 3 }),
  work('a5', 'documents, 20 kB growth', 200, 10, 20_000, { plain: 500, rounds: 5 }),
  work('a5', 'documents, 200 kB growth', 20, 10, 200_000, { rounds: 3 }),
  work('a5', 'one thread of 50 × 2 MB', 1, 50, 80_000, { rounds: 3 }),
  work('a5', '10,000 checkpoints', 3333, 3, 700, { rounds: 3 }),
  work('a5', '100,000 checkpoints', 33_333, 3, 700, { rounds: 3 }),
  work('a5', '1,000,000 checkpoints', 333_333, 3, 700, { rounds: 1 }),
]

/** Workers of the concurrent script that were the fastest here, by layout: processes and threads of each. @type {Record<string, string[]>} */
export const BEST_WORKERS = { a5: ['2', '2'], f1: ['1', '8'] }

/**
 * @param {Work['layout']} layout @param {string} name @param {number} threads @param {number} checkpoints @param {number} bytes
 * @param {{ plain?: number, rounds: number, compressed?: boolean, jobs?: number }} how
 * @returns {Work}
 */
function work(layout, name, threads, checkpoints, bytes, { plain = 0, rounds, compressed = true, jobs = 1 }) {
  return { name, layout, threads, checkpoints, bytes, plain, rounds, compressed, jobs }
}
