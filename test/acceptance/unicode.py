"""Puts threads with ids and names of any kind into Redis, or says how they differ in Postgres, both with the official savers.

Reads one JSON object a line: `put` or `compare` with a URL, and `threads`. Answers each with one line: the threads that do not
come back as they were put.
"""

import json
import sys
import warnings

warnings.filterwarnings("ignore")
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.redis import RedisSaver

ID = "1f1e0000-0000-6000-8000-000000000001"
VERSION = f"{2:032}.0.5"


def main():
    for line in sys.stdin:
        order = json.loads(line)
        lost = put(order["put"], order["threads"]) if "put" in order else compare(order["compare"], order["threads"])
        print(json.dumps(lost or []), flush=True)


def put(url, threads):
    with RedisSaver.from_conn_string(url) as saver:
        saver.setup()
        for thread in threads:
            saved = saver.put(config_of(thread), checkpoint_of(thread), metadata_of(thread), versions_of(thread))
            saver.put_writes(saved, [(thread["channel"], thread["text"])], thread["task"], thread["path"])


def compare(url, threads):
    with PostgresSaver.from_conn_string(url) as saver:
        return [thread for thread in threads if not arrived(saver.get_tuple(config_of(thread)), thread)]


def arrived(found, thread):
    wanted = checkpoint_of(thread)
    return (
        found is not None
        and found.config["configurable"] == {**config_of(thread)["configurable"], "checkpoint_id": ID}
        and {name: found.checkpoint[name] for name in wanted} == wanted
        and found.metadata == metadata_of(thread)
        and found.pending_writes == [(thread["task"], thread["channel"], thread["text"])]
    )


def config_of(thread):
    return {"configurable": {"thread_id": thread["thread"], "checkpoint_ns": thread["ns"]}}


def checkpoint_of(thread):
    return {
        "v": 4,
        "id": ID,
        "ts": "2026-11-20T09:14:07+00:00",
        "channel_values": {thread["channel"]: [thread["text"]], "inline": thread["text"]},
        "channel_versions": versions_of(thread),
        "versions_seen": {thread["node"]: versions_of(thread)},
        "updated_channels": [thread["channel"]],
    }


def versions_of(thread):
    return {thread["channel"]: VERSION, "inline": VERSION}


def metadata_of(thread):
    return {"source": "loop", "step": 1, "parents": {}, thread["node"]: thread["node"]}


main()
