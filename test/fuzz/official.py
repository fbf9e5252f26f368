"""JSON of the Python savers as the newest official Redis saver reads it, beside our msgpack as the official Postgres saver reads that."""

import dataclasses
import importlib
import json
import logging
import struct

logging.disable(logging.CRITICAL)
CLASSES = {
    "builtins": {"set", "frozenset"},
    "collections": {"deque"},
    "datetime": {"datetime", "date", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "uuid": {"UUID"},
    "zoneinfo": {"ZoneInfo"},
    "langgraph.types": {"Send", "Interrupt", "Command"},
}


class Harmless:
    """A module that shows only classes of the list: what an envelope names is not imported for the asking."""

    def __init__(self, name, real):
        names = CLASSES.get(name) or {name for name in dir(real) if name.endswith(("Message", "MessageChunk", "Document"))}
        self.__dict__.update({name: getattr(real, name) for name in names if hasattr(real, name)})


def guarded(name, package=None):
    if name in CLASSES or name.startswith(("langchain_core.messages", "langchain_core.documents")):
        return Harmless(name, REAL(name))
    raise ImportError(name)


def readers():
    from langgraph.checkpoint.redis.base import BaseRedisSaver
    from langgraph.checkpoint.redis.jsonplus_redis import JsonPlusRedisSerializer
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    class Saver(BaseRedisSaver):
        def __init__(self):
            self.serde = JsonPlusRedisSerializer()

        create_indexes = configure_client = None

    saver, postgres = Saver(), JsonPlusSerializer()
    importlib.import_module = guarded
    return lambda value: saver._deserialize_channel_values({"channel": value})["channel"], postgres.loads_typed


REAL = importlib.import_module
READERS = []


def read(payload):
    """Both readings; `compare` says whether they agree."""
    if not READERS:
        READERS.extend(readers())
    return READERS[0](json.loads(payload.decode("utf-8"), strict=False))


def compare(theirs, ours_msgpack):
    """`=`, `?` where the official reader leaves or makes something that says less than ours, or `!` with the place."""
    ours = READERS[1](("msgpack", ours_msgpack))
    verdicts = {"="}
    where = walk(theirs, ours, "$", verdicts)
    return ("!", where) if where else (("?", "not compared") if "?" in verdicts else ("=", ""))


def members(some):
    """In one order; halves of surrogates, which msgpack cannot carry, as `text` has them."""
    return sorted(repr(text(one)) if isinstance(one, str) else repr(one) for one in some)


def walk(theirs, ours, path, verdicts):
    if scalar(theirs) is not None and scalar(theirs) == scalar(ours):
        return None
    if isinstance(theirs, (list, tuple)) and isinstance(ours, (list, tuple)) and len(theirs) == len(ours):
        return first(walk(a, b, f"{path}[]", verdicts) for a, b in zip(theirs, ours))
    if type(theirs) is dict and type(ours) is dict and [text(key) for key in theirs] == [text(key) for key in ours]:
        return first(walk(a, b, f"{path}.{key}", verdicts) for (key, a), b in zip(theirs.items(), ours.values()))
    if type(theirs) is type(ours) and not isinstance(theirs, (list, dict, str, int, float)):
        if isinstance(theirs, (set, frozenset)):
            return None if members(theirs) == members(ours) else f"{path}: sets differ"
        held = holds(theirs), holds(ours)
        return walk(*held, path, verdicts) if type(held[0]) is dict else None if held[0] == held[1] else f"{path}: {held}"
    # An envelope that one of both leaves raw, or that it loses; a text for bytes.
    if theirs is None or is_marked(theirs) or is_marked(ours) or type(ours) is bytes:
        verdicts.add("?")
        return None
    return f"{path}: {theirs!r:.120} and {ours!r:.120}"


def is_marked(value):
    return type(value) is dict and any(type(key) is str and (key == "lc" or key.startswith("__")) for key in value)


def first(found):
    return next((where for where in found if where), None)


def text(value):
    return "".join("?" if "\ud800" <= char <= "\udfff" else char for char in value) if type(value) is str else value


def scalar(value):
    if value is None or type(value) in (bool, int):
        return (type(value), value)
    if type(value) is float:
        return (float, struct.pack(">d", value) if value == value else "nan")
    return (str, text(value)) if type(value) is str else None


def holds(value):
    if hasattr(value, "model_dump"):
        return {**value.__dict__, **(value.__pydantic_extra__ or {})}
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return {"node": value.node, "arg": value.arg} if type(value).__name__ == "Send" else repr(value)
