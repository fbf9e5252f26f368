"""An application that writes to Postgres through the official saver while its threads are brought there from Redis: one JSON line each way.

    live.py REDIS_URL POSTGRES_URL

    {"do": "make", "threads": {thread: [checkpoints, bytes of each]}}   threads in Redis
    {"do": "start", "writers": N, "seed": S}      N connections begin to put the very checkpoints and writes that Redis has, in any order
    {"do": "stop"}                                they come to rest: calls, the longest, errors
"""
import json
import random
import sys
import threading
import time
import traceback

from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.redis import RedisSaver

redis_url, postgres_url = sys.argv[1:]
# What was put to Redis: arguments of put, and of put_writes.
given = []
given_writes = []
stopping = threading.Event()
writers = []
calls, errors = [], []


def make(q):
    for thread, (checkpoints, size) in q["threads"].items():
        config = {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
        versions = {}
        for step in range(checkpoints):
            checkpoint = empty_checkpoint()
            text = f"{thread} {step} " + "lorem ipsum é " * (size // 30)
            values = {"a": {"text": text}, "b": [text[: size // 3]], "c": step}
            versions = {channel: redis.get_next_version(versions.get(channel), None) for channel in values}
            checkpoint.update(id=str(uuid6()), channel_versions=versions, channel_values=values, versions_seen={"n": versions})
            metadata = {"source": "loop", "step": step, "parents": {}}
            put = (config, checkpoint, metadata, versions)
            config = redis.put(*put)
            given.append(put)
            write = (config, [("c", step), ("b", [text[:200]])], f"{step:08}-1111-1111-1111-111111111111")
            redis.put_writes(*write)
            given_writes.append(write)
    return len(given)


def keep_writing(seed, at, of):
    rnd = random.Random(seed)
    # Each has checkpoints of its own: what they would do to each other is no matter of ours.
    mine, my_writes = given[at::of], given_writes[at::of]
    with PostgresSaver.from_conn_string(f"{postgres_url}?application_name=live-app") as saver:
        while not stopping.is_set():
            started = time.perf_counter()
            try:
                # Most of it where the migration is slowest: on the last thread, which is the largest.
                pick = lambda these: these[-1 - int(len(these) * rnd.random() ** 3)]
                if rnd.random() < 0.6:
                    config, checkpoint, metadata, versions = pick(mine)
                    # The order in which its rows are locked is that of its channels.
                    order = sorted(versions, reverse=rnd.random() < 0.5)
                    values = dict(checkpoint["channel_values"])
                    saver.put(config, {**checkpoint, "channel_values": values}, metadata, {channel: versions[channel] for channel in order})
                else:
                    config, writes, task = pick(my_writes)
                    saver.put_writes(config, writes, task)
            except Exception as error:
                errors.append(f"{type(error).__name__}: {error}")
            calls.append(time.perf_counter() - started)


def start(q):
    stopping.clear()
    calls.clear()
    errors.clear()
    for at in range(q["writers"]):
        writer = threading.Thread(target=keep_writing, args=(q["seed"] + at, at, q["writers"]))
        writer.start()
        writers.append(writer)


def stop(q):
    stopping.set()
    for writer in writers:
        writer.join()
    writers.clear()
    return {"calls": len(calls), "longest": max(calls, default=0), "errors": errors[:5]}


DO = {"make": make, "start": start, "stop": stop}
with RedisSaver.from_conn_string(redis_url) as redis:
    redis.setup()
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = {"answer": DO[question["do"]](question)}
        except Exception:
            answer = {"error": traceback.format_exc()[-3000:]}
        print(json.dumps(answer), flush=True)
