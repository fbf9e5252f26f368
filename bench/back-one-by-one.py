"""What a careful user writes today for the way back: each checkpoint of the official Postgres saver put by the official Redis saver.

    back-one-by-one.py POSTGRES_URL REDIS_URL LIMIT

Copies at most LIMIT checkpoints, a thread's oldest first, and prints how many, and the seconds without the start of Python.
"""
import json
import sys
import time
from collections import defaultdict

import psycopg
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.redis import RedisSaver


def tuples(saver, url):
    with psycopg.connect(url) as connection:
        threads = connection.execute("SELECT DISTINCT thread_id FROM checkpoints").fetchall()
    for (thread,) in threads:
        yield from reversed(list(saver.list({"configurable": {"thread_id": thread}})))


def put(saver, found):
    config = {"configurable": {**found.config["configurable"]}}
    config["configurable"].pop("checkpoint_id")
    if found.parent_config:
        config["configurable"]["checkpoint_id"] = found.parent_config["configurable"]["checkpoint_id"]
    put = saver.put(config, found.checkpoint, found.metadata, found.checkpoint["channel_versions"])
    by_task = defaultdict(list)
    for task, channel, value in found.pending_writes or []:
        by_task[task].append((channel, value))
    for task, writes in by_task.items():
        saver.put_writes(put, writes, task)


def main():
    source, target, limit = sys.argv[1:4]
    with PostgresSaver.from_conn_string(source) as postgres, RedisSaver.from_conn_string(target) as redis:
        redis.setup()
        found = tuples(postgres, source)
        # The first one also opens connections; it is not counted.
        put(redis, next(found))
        began, copied = time.perf_counter(), 0
        for one in found:
            if copied == int(limit):
                break
            put(redis, one)
            copied += 1
        print(json.dumps({"checkpoints": copied, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
