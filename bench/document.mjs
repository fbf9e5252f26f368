/** One checkpoint of a thread as the official saver 0.5 writes it, for measurements that need a value of a certain size. */

const ID = '1f1e0000-0000-6000-8000-000000000001'
const VERSION = '00000000000000000000000000000002.0.5'

/** @param {string} thread */
export const documentKey = (thread) => `checkpoint:${thread}:__empty__:${ID}`

/** @param {string} thread @param {string[]} channels all of them @param {Record<string, unknown>} values those that stand in it at once */
export const documentOf = (thread, channels, values) => ({
  thread_id: thread,
  checkpoint_ns: '__empty__',
  checkpoint_id: ID,
  parent_checkpoint_id: '',
  checkpoint_ts: 1795220485281,
  checkpoint: {
    type: 'json',
    v: 4,
    ts: '2026-11-21T00:21:25.281284+00:00',
    id: ID,
    channel_values: values,
    channel_versions: Object.fromEntries(channels.map((channel) => [channel, VERSION])),
    versions_seen: {},
    pending_sends: [],
  },
  metadata: '{"source":"loop","step":1,"parents":{}}',
  has_writes: false,
})
