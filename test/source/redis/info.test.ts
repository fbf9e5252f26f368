/** The text of INFO, as servers other than the one at hand write it. */
import { describe, expect, it } from 'vitest'
import { parseInfo, sourceInfoOf } from '../../../src/source/redis/info.js'

describe('sourceInfoOf', () => {
  it('knows a Valkey by its own version', () => {
    const text = '# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n'
    expect(sourceInfoOf(parseInfo(text))).toMatchObject({ kind: 'valkey', version: '8.0.1' })
  })

  it('reads modules, databases, role and what the server is busy with', () => {
    const text = [
      'redis_version:6.2.6',
      'loading:0',
      'async_loading:1',
      'aof_enabled:1',
      'role:slave',
      'master_link_status:up',
      'maxmemory:1024',
      'maxmemory_policy:volatile-ttl',
      'db0:keys=12,expires=3,avg_ttl=0,subexpiry=0',
      'db11:keys=1,expires=0,avg_ttl=0',
    ].join('\r\n')
    const modules =
      'module:name=ReJSON,ver=20007,api=1,filters=0,usedby=[search]\nmodule:name=search,ver=20405,api=1'
    expect(sourceInfoOf(parseInfo(text, modules))).toMatchObject({
      role: 'replica',
      loading: true,
      appendOnly: true,
      maxMemoryBytes: 1024,
      maxMemoryPolicy: 'volatile-ttl',
      databases: new Map([
        [0, { keys: 12, expiring: 3 }],
        [11, { keys: 1, expiring: 0 }],
      ]),
      modules: [
        { name: 'ReJSON', version: '2.0.7' },
        { name: 'search', version: '2.4.5' },
      ],
    })
  })
})
