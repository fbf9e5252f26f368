/** Failures about Redis as a server: reaching it, logging in, what it lacks or denies. */
import { EXIT, type FailureEntry } from './entry.js'

export const REDIS_FAILURES = {
  // Redis: reaching it and logging in
  'redis-refused': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: nothing listens there (connection refused)',
    next: 'Check host and port, and that Redis runs and listens on that address.',
  },
  'redis-unknown-host': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: the name {host} is not known',
    next: 'Check its spelling; names of containers and services resolve only inside their own network.',
  },
  'redis-no-answer': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: no answer within {seconds} s',
    next: 'A firewall may drop the packets, something else than Redis may listen there, or one side speaks TLS and the other does not: rediss:// encrypts, redis:// does not.',
  },
  'redis-unreachable': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: {problem}',
    next: 'Check host and port, and that Redis runs there.',
  },
  'redis-lost': {
    exit: EXIT.connection,
    what: 'the connection to {endpoint} was lost: {problem}',
    next: 'Run the same command again: it goes on where it stopped. Only purge-redis, restore-archive and the way back change anything in Redis.',
  },
  'redis-certificate': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: its certificate is not trusted ({problem})',
    next: 'Name the certificate of its authority with --redis-ca FILE (or REDIS_CA), and the name it bears with --redis-server-name where that is not the host. ?ssl_cert_reqs=none in the URL encrypts without checking who answers.',
  },
  'redis-certificate-wanted': {
    exit: EXIT.connection,
    what: '{endpoint} accepts only clients with a certificate of their own',
    next: 'Give one with --redis-cert FILE and --redis-key FILE (or REDIS_CERT and REDIS_KEY), or have the server run with tls-auth-clients no.',
  },
  'redis-without-tls': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: what answers there does not speak TLS ({problem})',
    next: 'Write redis:// where the network between is trusted, or name the TLS port of the server.',
  },
  'not-redis': {
    exit: EXIT.connection,
    what: '{endpoint} does not answer as Redis does: {problem}',
    next: 'Check host and port. A server that wants TLS hangs up on redis://: write rediss:// then.',
  },
  'redis-password': {
    exit: EXIT.connection,
    what: 'cannot log in to {endpoint}: wrong user name or password for user {user}',
    next: 'Check both in the URL; in it, signs such as @ / ? # are written %40 %2F %3F %23.',
  },
  'redis-no-password': {
    exit: EXIT.connection,
    what: 'cannot log in to {endpoint}: the server wants a password, and none was given',
    next: 'Write it into the URL (redis://:PASSWORD@HOST:6379/0), or keep the URL in REDIS_URL or in .env.',
  },
  'redis-full': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: it has no connection left ({problem})',
    next: 'Close others or raise maxclients, then run the same command again.',
  },
  'redis-loading': {
    exit: EXIT.connection,
    what: '{endpoint} is loading its data; waited {seconds} s for it',
    next: 'Run the same command again when it is up.',
  },
  'redis-master-down': {
    exit: EXIT.connection,
    what: '{endpoint} is a replica that has lost its master and refuses to answer',
    next: 'Name the master, or wait until the replica follows it again.',
  },
  // Redis: not a server we can read
  'redis-command-denied': {
    exit: EXIT.usage,
    what: 'user {user} of {endpoint} may not run {command}',
    next: 'An administrator can grant it: ACL SETUSER {user} {rule}. Reading needs +@read +@connection +info, and with RedisJSON +json.get +json.mget.',
  },
  'redis-keys-denied': {
    exit: EXIT.usage,
    what: 'user {user} of {endpoint} may not read every key that {command} asks for',
    next: 'An administrator can grant it: ACL SETUSER {user} %R~* (before Redis 7: ~*). A part of the checkpoints would be left out silently otherwise.',
  },
  'redis-cluster': {
    exit: EXIT.usage,
    what: '{endpoint} is a node of a Redis Cluster',
    next: 'One node holds a part of every thread, so it is refused until clusters are supported. Copy the data to a standalone server and name that.',
  },
  'redis-sentinel': {
    exit: EXIT.usage,
    what: '{endpoint} is a Sentinel: it watches servers and holds no keys',
    next: 'Name the master itself; SENTINEL GET-MASTER-ADDR-BY-NAME tells its address.',
  },
  'redis-too-old': {
    exit: EXIT.usage,
    what: '{endpoint} runs Redis {version}; 6 is the oldest that works',
    next: 'Load its data into a newer server and name that.',
  },
  'redis-no-database': {
    exit: EXIT.usage,
    what: '{endpoint} cannot be opened: the server has no logical database {db}',
    next: 'The number behind the port in the URL chooses it; most applications use 0.',
  },
  'redis-json-missing': {
    exit: EXIT.usage,
    what: '{endpoint} holds JSON documents but does not know {command}',
    next: 'Checkpoints of the official savers are JSON documents: load the RedisJSON module, or name the server itself where a proxy hides the command.',
  },
  'redis-lacks-modules': {
    exit: EXIT.usage,
    what: '{endpoint} has no {lacking}',
    next: 'The official RedisSaver needs both: use Redis 8, Redis Stack, or a server with the modules loaded (MODULE LIST).',
  },
  'redis-is-replica': {
    exit: EXIT.usage,
    what: '{endpoint} is a replica, which takes no keys',
    next: 'Name its master.',
  },
  'redis-command-missing': {
    exit: EXIT.usage,
    what: '{endpoint} does not know {command}',
    next: 'It is renamed or switched off there (rename-command in its configuration), or a proxy in between does not pass it on. Allow it, or name the server itself.',
  },
  'redis-error': {
    exit: EXIT.failed,
    what: '{endpoint} answered {command} with an error: {problem}',
    next: 'Run again with --verbose for the whole error. Only purge-redis, restore-archive and the way back change anything in Redis.',
  },
  'redis-keeps-keys': {
    exit: EXIT.failed,
    what: '{endpoint} refused to change keys: {problem}',
    next: 'What was changed before stays so and is on record. Run the same command again when it takes changes: it goes on where it stopped.',
  },
} as const satisfies Record<string, FailureEntry>
