"""LangGraph's own conformance suite, written through the Redis saver and read through the Postgres saver.

    conformance.py REDIS_URL POSTGRES_URL MIGRATE_URL

Before a read, if anything was written since the last one, MIGRATE_URL is asked (POST) to migrate. Threads are deleted on both
sides: a migration is no mirror. Prints {"capability/test": null or the error} as JSON.
"""
import asyncio
import json
import sys
import urllib.request

import psycopg
import redis
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.conformance.report import ProgressCallbacks
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.redis.aio import AsyncRedisSaver

REDIS, POSTGRES, MIGRATE = sys.argv[1:4]


class Migrating(BaseCheckpointSaver):
    def __init__(self, source, target):
        super().__init__(serde=source.serde)
        self.source, self.target, self.changed = source, target, False

    def get_next_version(self, current, channel):
        return self.source.get_next_version(current, channel)

    async def catch_up(self):
        if self.changed:
            await asyncio.to_thread(lambda: urllib.request.urlopen(MIGRATE, data=b"").read())
        self.changed = False

    async def aput(self, *args, **named):
        self.changed = True
        return await self.source.aput(*args, **named)

    async def aput_writes(self, *args, **named):
        self.changed = True
        return await self.source.aput_writes(*args, **named)

    async def aget_tuple(self, config):
        await self.catch_up()
        return await self.target.aget_tuple(config)

    async def alist(self, config, **named):
        await self.catch_up()
        async for found in self.target.alist(config, **named):
            yield found

    async def adelete_thread(self, thread_id):
        await self.catch_up()
        await self.source.adelete_thread(thread_id)
        await self.target.adelete_thread(thread_id)


def empty():
    client = redis.Redis.from_url(REDIS)
    client.flushdb()
    for name in client.execute_command("FT._LIST"):
        client.execute_command("FT.DROPINDEX", name)
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute("TRUNCATE checkpoints, checkpoint_blobs, checkpoint_writes")


@checkpointer_test(name="migrating")
async def saver():
    empty()
    source = AsyncRedisSaver(redis_url=REDIS)
    await source.asetup()
    async with AsyncPostgresSaver.from_conn_string(POSTGRES) as target:
        yield Migrating(source, target)
    await source._redis.aclose()


def main():
    results = {}

    def told(capability, name, passed, error):
        results[f"{capability}/{name}"] = None if passed else (error or "failed").strip().splitlines()[-1]

    asyncio.run(validate(saver, progress=ProgressCallbacks(on_test_result=told)))
    print(json.dumps(results))


main()
