"""Compares what the official RedisSaver reads with what the official PostgresSaver reads, every checkpoint of a database.

Takes `{"postgres": url, "redis": url, "types": folder of user classes, "prefixes": {...}}` on stdin; prints counts and the
first differences. What Redis cannot hold is taken from the Postgres side first (`as_redis`), and counted.
"""

import base64
import dataclasses
import enum
import json
import math
import sys
import time
import warnings

warnings.filterwarnings("ignore")
import logging

logging.disable(logging.CRITICAL)
order = json.load(sys.stdin)
sys.path.insert(0, order["types"])
sys.path.insert(0, order["judge"])

from canonical import canonical
from langchain_core.load.serializable import Serializable
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.redis import RedisSaver
from langgraph.types import Send
from pydantic import BaseModel

losses = 0


def lost(value):
    global losses
    losses += 1
    return value


def as_redis(value, inside=False):
    """The value as the Redis saver can give it back; `inside` an object it revives."""
    if isinstance(value, enum.Enum):
        return lost(as_redis(value.value, inside))
    if isinstance(value, bytearray):
        return lost(as_redis(bytes(value), inside))
    if isinstance(value, bytes) and inside:
        return lost({"__bytes__": base64.b64encode(value).decode()})
    if type(value) is int and not -(2**63) <= value < 2**64:
        return lost(float(value))
    if isinstance(value, float) and not math.isfinite(value):
        return lost(None)
    if type(value) is float and value == 0.9944478474819585:  # RedisJSON has no spelling for it
        return lost(0.9944478474819584)
    if isinstance(value, dict):
        if set(value) == {"__bytes__"} and not inside:
            return lost(base64.b64decode(value["__bytes__"]))
        if not all(isinstance(key, str) for key in value):
            value = lost({key_text(key): item for key, item in value.items()})
        return {key: as_redis(item, inside) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict") and type(value).__name__ != "_DeltaSnapshot":
        return lost(envelope(value, value._asdict()))
    if isinstance(value, tuple) and not hasattr(value, "_asdict"):
        return [as_redis(item, inside) for item in value]
    if isinstance(value, Send) and getattr(value, "timeout", None) is not None:
        return lost(Send(value.node, as_redis(value.arg, inside)))
    if isinstance(value, (set, frozenset)) and any(isinstance(item, bytes) for item in value):
        return lost([as_redis(item, inside) for item in value])
    if isinstance(value, list):
        return [as_redis(item, inside) for item in value]
    if isinstance(value, BaseModel) and not isinstance(value, Serializable):
        return lost(envelope(value, value.model_dump()))
    if isinstance(value, Serializable):
        for name in value.model_fields_set | set(type(value).model_fields):
            try:
                setattr(value, name, as_redis(getattr(value, name), True))
            except Exception:
                pass
        return value
    if type(value).__module__ == "numpy" and hasattr(value, "dtype"):
        order_of = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
        data = {"__bytes__": base64.b64encode(value.tobytes(order="A")).decode()}
        args = [value.dtype.str, list(value.shape), order_of, data]
        return lost({"lc": 2, "type": "constructor", "id": ["numpy", "ndarray"], "args": args})
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            object.__setattr__(value, field.name, as_redis(getattr(value, field.name), True))
    return value


def envelope(value, fields):
    kind = type(value)
    kwargs = {name: as_redis(field, True) for name, field in fields.items()}
    return {"lc": 2, "type": "constructor", "id": [*kind.__module__.split("."), kind.__name__], "kwargs": kwargs}


def key_text(key):
    return key if isinstance(key, str) else json.dumps(key) if not isinstance(key, (tuple, list)) else json.dumps(list(key), separators=(",", ":"))


def tuple_of(found):
    checkpoint = {name: value for name, value in found.checkpoint.items() if name != "type"}
    if not checkpoint.get("pending_sends"):
        checkpoint.pop("pending_sends", None)
    return {
        "checkpoint": checkpoint,
        "metadata": found.metadata,
        "parent": (found.parent_config or {}).get("configurable", {}).get("checkpoint_id"),
        "writes": [list(write) for write in found.pending_writes or []],
    }


def listed_as(found):
    """What list() of the Redis saver tells right: it leaves channel values as JSON, and orders writes by their index alone."""
    state = tuple_of(found)
    writes = sorted(json.dumps(canonical(write), sort_keys=True) for write in state["writes"])
    return {"metadata": canonical(state["metadata"]), "parent": state["parent"], "writes": writes}


def difference(one, other, path=()):
    if type(one) is type(other) is dict:
        for name in sorted(one.keys() | other.keys()):
            yield from difference(one.get(name, "<absent>"), other.get(name, "<absent>"), (*path, name))
    elif type(one) is type(other) is list and len(one) == len(other):
        for at, pair in enumerate(zip(one, other)):
            yield from difference(*pair, (*path, at))
    elif type(one) is not type(other) or one != other:
        yield path, one, other


def cut(value):
    return json.dumps(value, ensure_ascii=False, default=str)[:200]


differences = []
checkpoints = equal = listed = 0
prefixes = order.get("prefixes", {})
with RedisSaver.from_conn_string(order["redis"], **prefixes) as redis, PostgresSaver.from_conn_string(order["postgres"]) as postgres:
    redis.setup()
    stored = list(postgres.list(None))
    for index in (redis.checkpoints_index, redis.checkpoint_writes_index):
        while float(index.info().get("percent_indexed", 1)) < 1:
            time.sleep(0.05)
    newest, listing = {}, {}
    for found in stored:
        ids = found.config["configurable"]
        checkpoints += 1
        where = [ids["thread_id"], ids["checkpoint_ns"], ids["checkpoint_id"]]
        place = tuple(where[:2])
        if ids["checkpoint_id"] > newest.get(place, ""):
            newest[place] = ids["checkpoint_id"]
        listing.setdefault(place, {})[ids["checkpoint_id"]] = found
        theirs = redis.get_tuple({"configurable": ids})
        if theirs is None:
            differences.append({"at": where, "wrong": "missing"})
            continue
        wanted = tuple_of(postgres.get_tuple({"configurable": ids}))
        wanted["checkpoint"]["channel_values"] = {
            channel: as_redis(value) for channel, value in wanted["checkpoint"]["channel_values"].items()
        }
        wrong = list(difference(canonical(wanted), canonical(tuple_of(theirs))))
        if wrong:
            path, one, other = wrong[0]
            differences.append({"at": where, "path": "/".join(map(str, path)), "postgres": cut(one), "redis": cut(other)})
        else:
            equal += 1
    for (thread, ns), newest_id in newest.items():
        head = redis.get_tuple({"configurable": {"thread_id": thread, "checkpoint_ns": ns}})
        if head is None or head.config["configurable"]["checkpoint_id"] != newest_id:
            differences.append({"at": [thread, ns], "wrong": "newest"})
        if "," in thread or "," in ns:
            listed += 1
            continue
        # For the root this saver lists the namespaces of subgraphs, too.
        found = {
            one.config["configurable"]["checkpoint_id"]: listed_as(one)
            for one in redis.list({"configurable": {"thread_id": thread, "checkpoint_ns": ns}})
            if one.config["configurable"]["checkpoint_ns"] == ns
        }
        wrong = list(difference({name: listed_as(one) for name, one in listing[thread, ns].items()}, found))
        listed += not wrong
        differences += [{"at": [thread, ns], "listed": [cut(part) for part in one]} for one in wrong[:1]]
json.dump(
    {
        "checkpoints": checkpoints,
        "equal": equal,
        "places": len(newest),
        "listed": listed,
        "losses": losses,
        "differences": differences[:20],
    },
    sys.stdout,
)
