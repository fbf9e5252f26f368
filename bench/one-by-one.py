"""What a careful user writes today: each checkpoint read by the official Redis saver and put by the official Postgres saver.

    one-by-one.py LAYOUT REDIS_URL POSTGRES_URL LIMIT

Copies at most LIMIT checkpoints and prints how many, and the seconds without the start of Python.
"""
import json
import pickle
import sys
import time
from collections import defaultdict

import redis
from langgraph.checkpoint.postgres import PostgresSaver


def keys_of(client, limit):
    """At most `limit` keys of checkpoints, as SCAN finds them."""
    keys = []
    for key in client.scan_iter(match="checkpoint:*", count=1000):
        keys.append(key)
        if len(keys) == limit:
            break
    return keys


def tuples_a5(url, keys):
    from langgraph.checkpoint.redis import RedisSaver

    client = redis.Redis.from_url(url, protocol=2)
    saver = RedisSaver(redis_url=url)
    saver.setup()
    # The saver finds nothing while the server still indexes what was there before; the wait is no part of the copy.
    for index in ("checkpoint", "checkpoint_write"):
        while float(client.ft(index).info()["percent_indexed"]) < 1:
            time.sleep(0.1)
    for key in keys:
        found = client.json().get(key, "$.thread_id", "$.checkpoint.id")
        thread, cid = found["$.thread_id"], found["$.checkpoint.id"]
        yield saver.get_tuple({"configurable": {"thread_id": thread[0], "checkpoint_ns": "", "checkpoint_id": cid[0]}})


def tuples_f1(url, keys):
    client = redis.Redis.from_url(url, protocol=2)
    text = lambda versions: {k: f"{v:032}.0" if isinstance(v, int) else v for k, v in versions.items()}
    for key in keys:
        found = pickle.loads(client.get(key))
        found.checkpoint["channel_versions"] = text(found.checkpoint["channel_versions"])
        found.checkpoint["versions_seen"] = {node: text(seen) for node, seen in found.checkpoint["versions_seen"].items()}
        yield found


TUPLES = {"a5": tuples_a5, "f1": tuples_f1}


def put(saver, found):
    ids = found.config["configurable"]
    config = {"configurable": {"thread_id": ids["thread_id"], "checkpoint_ns": ""}}
    if found.parent_config:
        config["configurable"]["checkpoint_id"] = found.parent_config["configurable"]["checkpoint_id"]
    checkpoint = {k: v for k, v in found.checkpoint.items() if k not in ("type", "pending_sends")}
    saver.put(config, checkpoint, found.metadata, checkpoint["channel_versions"])
    by_task = defaultdict(list)
    for task, channel, value in found.pending_writes or []:
        by_task[task].append((channel, value))
    for task, writes in by_task.items():
        saver.put_writes({"configurable": {**config["configurable"], "checkpoint_id": checkpoint["id"]}}, writes, task)


def main():
    layout, source, target, limit = sys.argv[1:5]
    with PostgresSaver.from_conn_string(target) as saver:
        saver.setup()
        tuples = TUPLES[layout](source, keys_of(redis.Redis.from_url(source, protocol=2), int(limit)))
        # The first one also waits for the index; it is not counted.
        put(saver, next(tuples))
        began, copied = time.perf_counter(), 0
        for found in tuples:
            put(saver, found)
            copied += 1
        print(json.dumps({"checkpoints": copied, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
