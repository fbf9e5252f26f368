"""Pickles for pickled-forms.test.ts, made by CPython: prints {name: base64}."""
import base64
import collections
import json
import pickle
import sys
import zlib

ID = "1f1e0000-0000-6000-8000-000000000002"
PARENT = "1f1e0000-0000-6000-8000-000000000001"
OTHER = "1f1e0000-0000-6000-8000-000000000003"
TASK = "00000000-aaaa-bbbb-cccc-00000000000a"


def checkpoint(id=ID, **more):
    return {"v": 4, "ts": "now", "id": id, "channel_values": {"c": 1}, "channel_versions": {"c": 2}, "versions_seen": {}, "pending_sends": [], **more}


def config(thread, **more):
    return {"configurable": {"thread_id": thread, **more}}


def pair(value):
    return ("json", json.dumps(value).encode())


def stored(id=ID):
    return pair(checkpoint(id)), pair({"step": 1}), PARENT


MADE = {
    "triple": (checkpoint(), {"step": 1}, PARENT),
    "first triple": (checkpoint(), {"step": -1}, None),
    "pair": (checkpoint(), {"step": 1, "parent_id": PARENT}),
    "config triple": (checkpoint(), {"step": 1}, config("a:", checkpoint_id=PARENT, checkpoint_ns="sub|1")),
    "dict": {"checkpoint": checkpoint(), "metadata": {"step": 1, "parents": {}}},
    "nested dict": {"checkpoint": checkpoint(), "metadata": {"step": 1, "parents": {"": PARENT}}},
    "dict of a number": {"checkpoint": checkpoint(), "metadata": {}, "config": config(42)},
    "dict with writes": {
        "checkpoint": checkpoint(),
        "metadata": {"step": 1},
        "parent_config": None,
        "pending_writes": [(TASK, "c", 1), (TASK, "__interrupt__", 2)],
    },
    "earlier dict": {"checkpoint": checkpoint(PARENT), "metadata": {"step": 0}, "parent_config": None, "pending_writes": []},
    "later dict": {"checkpoint": checkpoint(OTHER), "metadata": {"step": 1}, "parent_config": None, "pending_writes": []},
    "dict without id": {"checkpoint": {**checkpoint(), "id": ""}, "metadata": {}},
    "bare": checkpoint(),
    "writes without task": collections.deque([("c", 1), ("__interrupt__", 2), ("__interrupt__", 3)]),
    "writes with task": [(TASK, "c", 1), (TASK, "d", 2)],
    "task dict": {"writes": [["c", 1]], "task_id": TASK, "timestamp": "now"},
    "no writes": [("c",)],
    "snapshot": {
        "storage": {"": {ID: stored()}},
        "writes": {("t", "", ID): {(TASK, 0): (TASK, "c", pair(1), "~path")}},
        "blobs": {("t", "", "c", 2): pair("unused: the value is inside"), ("t", "", "d", 1): ("empty", b"")},
    },
    "snapshot of another": {"storage": {"": {ID: stored()}}, "writes": {("other", "", ID): {}}},
    "snapshot of two": {"storage": {"": {ID: stored()}}, "writes": {("t", "", ID): {}, ("u", "", ID): {}}},
    "snapshot of bytes": {
        "storage": collections.defaultdict(dict, {"": {ID: (pair(checkpoint())[1], pair({})[1], None)}}),
        "writes": {("t", "", ID): [(TASK, "c", pair(1)[1])]},
    },
    "damaged snapshot": {"storage": {"": {ID: stored(), OTHER: (("json", b'{"v":'), pair({}), None)}}},
    "something else": {"a": 1},
}


made = {name: pickle.dumps(value) for name, value in MADE.items()}
made["compressed"] = zlib.compress(made["triple"])
made["damaged compression"] = made["compressed"][:-8]
json.dump({name: base64.b64encode(data).decode() for name, data in made.items()}, sys.stdout)
