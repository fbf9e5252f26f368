"""An application that talks to the official savers: one JSON question a line, one JSON answer a line.

    {"do": "put", "on": URL, "thread": T, "values": {...}}            a checkpoint on top of the newest (or of "parent"); its id
    {"do": "writes", "on": URL, "thread": T, "writes": [[ch, v]...]}  pending writes on the newest (or on "id"), by task "task"
    {"do": "read", "on": URL, "thread": T}                            every tuple of the thread, newest first
    {"do": "delete", "on": URL, "thread": T}                          delete_thread

Every question may name a "ns". URLs of Redis use the Redis saver, all others the Postgres saver.
"""
import contextlib
import json
import sys

from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.redis import RedisSaver

stack = contextlib.ExitStack()
savers = {}


def saver_on(url):
    if url not in savers:
        make = RedisSaver if url.startswith("redis") else PostgresSaver
        saver = stack.enter_context(make.from_conn_string(url))
        if make is RedisSaver:
            saver.setup()
        savers[url] = saver
    return savers[url]


def at(q, id=None):
    configurable = {"thread_id": q["thread"], "checkpoint_ns": q.get("ns", "")}
    return {"configurable": {**configurable, **({"checkpoint_id": id} if id else {})}}


def put(q):
    saver = saver_on(q["on"])
    parent = saver.get_tuple(at(q, q.get("parent")))
    checkpoint = empty_checkpoint()
    versions = dict(parent.checkpoint["channel_versions"]) if parent else {}
    values = dict(parent.checkpoint["channel_values"]) if parent else {}
    new = {}
    for channel, value in q["values"].items():
        new[channel] = versions[channel] = saver.get_next_version(versions.get(channel), None)
        values[channel] = value
    checkpoint.update(id=q.get("id") or str(uuid6()), channel_versions=versions, channel_values=values)
    checkpoint["versions_seen"] = {"__input__": {}}
    step = parent.metadata["step"] + 1 if parent else -1
    metadata = {"source": "loop", "step": step, "parents": {}}
    config = parent.config if parent else at(q)
    return saver.put(config, checkpoint, metadata, new)["configurable"]["checkpoint_id"]


def writes(q):
    saver = saver_on(q["on"])
    config = at(q, q.get("id") or saver.get_tuple(at(q)).config["configurable"]["checkpoint_id"])
    saver.put_writes(config, [tuple(write) for write in q["writes"]], q.get("task", "11111111-1111-1111-1111-111111111111"))
    return config["configurable"]["checkpoint_id"]


def read(q):
    config = {"configurable": {"thread_id": q["thread"]}}
    if "ns" in q:
        config["configurable"]["checkpoint_ns"] = q["ns"]
    return [
        {
            "id": t.config["configurable"]["checkpoint_id"],
            "ns": t.config["configurable"]["checkpoint_ns"],
            "parent": (t.parent_config or {}).get("configurable", {}).get("checkpoint_id"),
            "values": t.checkpoint["channel_values"],
            "versions": t.checkpoint["channel_versions"],
            "metadata": t.metadata,
            "writes": sorted([list(write) for write in t.pending_writes or []], key=repr),
        }
        for t in saver_on(q["on"]).list(config)
    ]


def delete(q):
    saver_on(q["on"]).delete_thread(q["thread"])


DO = {"put": put, "writes": writes, "read": read, "delete": delete}
with stack:
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(DO[question["do"]](question), default=repr), flush=True)
