"""Reads JSON as CPython, orjson and the official Redis saver do; one line of JSON in, one out.

In: {"op": ..., "texts": [hex of UTF-8, ...]}; out: a list with {"value": ...} or {"refused": why} for each text.
A value is spelled so that nothing gets lost: integers as decimal digits, floats as the hex of their eight bytes,
texts as the hex of their UTF-8 (surrogatepass), maps as pairs, other objects as their class with what they hold.
"""

import dataclasses
import enum
import json
import logging
import struct
import sys
import warnings

import orjson

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)


def spelled(value):
    if value is None or isinstance(value, bool):
        return value
    if type(value) is int:
        return {"int": str(value)}
    if type(value) is float:
        return {"float": struct.pack(">d", value).hex()}
    if type(value) is str:
        return {"text": value.encode("utf-8", "surrogatepass").hex()}
    if type(value) in (bytes, bytearray):
        return {type(value).__name__: value.hex()}
    if type(value) is list or type(value) is tuple:
        return [spelled(item) for item in value]
    if type(value) in (set, frozenset):
        return {type(value).__name__: sorted((spelled(item) for item in value), key=repr)}
    if type(value) is dict:
        return {"map": [[spelled(k), spelled(v)] for k, v in value.items()]}
    return {"class": f"{type(value).__module__}.{type(value).__qualname__}", "holds": spelled(held(value))}


def held(value):
    if isinstance(value, enum.Enum):
        return value.value
    if hasattr(value, "model_dump"):
        return value.model_dump()
    if dataclasses.is_dataclass(value):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if type(value).__name__ == "Send":
        return {"node": value.node, "arg": value.arg}
    if hasattr(value, "_asdict"):
        return value._asdict()
    return repr(value)


def cpython(text):
    return json.loads(text.decode("utf-8"), strict=False)


def redis_channel():
    """What the newest official saver makes of a channel value in a document."""
    from langgraph.checkpoint.redis.base import BaseRedisSaver
    from langgraph.checkpoint.redis.jsonplus_redis import JsonPlusRedisSerializer

    class Saver(BaseRedisSaver):
        def __init__(self):
            self.serde = JsonPlusRedisSerializer()

        create_indexes = configure_client = None

    saver = Saver()
    return lambda text: saver._deserialize_channel_values({"channel": cpython(text)})["channel"]


def redis_write():
    """What it makes of a pending write of type json."""
    from langgraph.checkpoint.redis.jsonplus_redis import JsonPlusRedisSerializer

    serde = JsonPlusRedisSerializer()
    return lambda text: serde.loads_typed(("json", text))


def msgpack(bytes_):
    """What the official Postgres saver makes of a blob."""
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    return JsonPlusSerializer().loads_typed(("msgpack", bytes_))


READERS = {
    "cpython": lambda: cpython,
    "orjson": lambda: orjson.loads,
    "redis-channel": redis_channel,
    "redis-write": redis_write,
    "msgpack": lambda: msgpack,
}


def answer(read, text):
    try:
        return {"value": spelled(read(text))}
    except Exception as error:
        return {"refused": f"{type(error).__name__}: {error}"[:200]}


if __name__ == "__main__":
    sys.setrecursionlimit(20000)
    readers = {}
    for line in sys.stdin:
        question = json.loads(line)
        op = question["op"]
        if op not in readers:
            readers[op] = READERS[op]()
        print(json.dumps([answer(readers[op], bytes.fromhex(text)) for text in question["texts"]]), flush=True)
