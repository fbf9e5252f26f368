"""What LangGraph's own serializer makes of values: answers one line of JSON for each that it is given."""

import decimal
import enum
import importlib
import json
import struct
import sys
import warnings
from dataclasses import dataclass

import ormsgpack
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.serde.types import _DeltaSnapshot

warnings.filterwarnings("ignore")
SERDE = JsonPlusSerializer()


def build(tree):
    """The Python value that a tree describes."""
    if tree is None or isinstance(tree, bool):
        return tree
    ((kind, body),) = tree.items()
    if kind == "int":
        return int(body)
    if kind == "float":
        return struct.unpack(">d", bytes.fromhex(body))[0]
    if kind == "text":
        return bytes.fromhex(body).decode("utf-8", "surrogatepass")
    if kind == "bytes":
        return bytes.fromhex(body)
    if kind == "bytearray":
        return bytearray.fromhex(body)
    if kind == "map":
        return {build(key): build(value) for key, value in body}
    if kind == "object":
        return build_object(**body)
    items = [build(item) for item in body]
    return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind](items)


def build_object(form, module, name, body, method=None):
    body = build(body)
    if form == "delta-snapshot":
        return _DeltaSnapshot(body)
    cls = getattr(importlib.import_module(module), name)
    if form == "positional":
        return cls(*body)
    if form == "single-argument":
        return cls(body)
    return cls(**body) if form == "keywords" else getattr(cls, method)(body)


def plain(value):
    """A form in which values are equal exactly when msgpack should make them so: types count, list and tuple are one."""
    if isinstance(value, str):
        return ("str", "".join("?" if "\ud800" <= c <= "\udfff" else c for c in value))
    if isinstance(value, float):
        return ("float", struct.pack(">d", value))
    if isinstance(value, (bytes, bytearray)):
        return ("bytes", bytes(value))
    if isinstance(value, (list, tuple)):
        return ("list", [plain(item) for item in value])
    if isinstance(value, (set, frozenset)):
        return (type(value).__name__, sorted((plain(item) for item in value), key=repr))
    if isinstance(value, dict):
        return ("dict", [(plain(key), plain(item)) for key, item in value.items()])
    if isinstance(value, _DeltaSnapshot):
        return ("delta", plain(value.value))
    if type(value).__name__ == "Send":
        return ("Send", value.node, plain(value.arg))
    if type(value).__name__ == "deque":
        return ("deque", [plain(item) for item in value])
    return (type(value).__name__, repr(value))


class Colour(enum.Enum):
    RED = "red"


class Grade(enum.IntEnum):
    GOOD = 1


class Spot(enum.Enum):
    HERE = (1, "a")


@dataclass
class Note:
    text: str
    tags: list


def samples():
    """One value of every kind that the serializer has a form for."""
    import collections
    import datetime as dt
    import ipaddress
    import pathlib
    import re
    import uuid
    import zoneinfo

    import numpy
    from langchain_core.documents import Document
    from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage, SystemMessage, ToolMessage
    from langgraph.store.base import Item
    from langgraph.types import Command, Interrupt, Send
    from pydantic import BaseModel, SecretStr

    zone = dt.timezone(dt.timedelta(hours=5, minutes=30), "IST")
    moment = dt.datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=zone)
    point = collections.namedtuple("Point", "x y")
    return {
        "none": None,
        "bytes": b"\x00\xff",
        "bytearray": bytearray(b"abc"),
        "nested bytearray": [bytearray(b"abc"), b"abc"],
        "set": {1},
        "frozenset of tuples": frozenset([(1, "a"), (2, "b")]),
        "deque": collections.deque([1, 2]),
        "ordered dict": collections.OrderedDict(b=1, a=2),
        "counter": collections.Counter("abca"),
        "datetime": moment,
        "datetime without zone": dt.datetime(2024, 1, 2),
        "date": dt.date(2024, 1, 2),
        "time": dt.time(1, 2, 3, 4, tzinfo=zone, fold=1),
        "timedelta": dt.timedelta(1, 2, 3),
        "timezone": zone,
        "zoneinfo": zoneinfo.ZoneInfo("Europe/Paris"),
        "uuid": uuid.UUID("12345678-1234-5678-1234-567812345678"),
        "decimal": decimal.Decimal("1.10"),
        "path": pathlib.Path("/a/b"),
        "ip address": ipaddress.ip_address("1.2.3.4"),
        "ip network": ipaddress.ip_network("2001:db8::/32"),
        "pattern": re.compile("a.b", re.I),
        "enum": Colour.RED,
        "int enum": Grade.GOOD,
        "dataclass": Note("n", ["t"]),
        "named tuple": point(1, "z"),
        "array": numpy.array([[1, 2], [3, 4]], dtype="int32"),
        "array in Fortran order": numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3)),
        "delta snapshot": _DeltaSnapshot([HumanMessage("hi", id="1")]),
        "exception": ValueError("bad"),
        "command": Command(goto="x", update={"a": 1}),
        "send": Send("n", {"a": 1}),
        "interrupts": (Interrupt(value={"q": "?"}, id="1"),),
        "item": Item(value={"a": 1}, key="k", namespace=("n",), created_at=moment, updated_at=moment),
        "secret": SecretStr("s"),
        "pydantic model": type("Model", (BaseModel,), {"__annotations__": {"a": int}})(a=1),
        "document": Document("text", metadata={"p": 1}),
        "messages": [
            SystemMessage("s", id="0"),
            HumanMessage("hi " * 100, id="1"),
            AIMessage("", id="2", tool_calls=[{"name": "f", "args": {"x": 1.0}, "id": "c"}]),
            ToolMessage("r", tool_call_id="c", id="3", artifact={"n": numpy.array([1.5])}),
            RemoveMessage(id="1"),
        ],
        "keys": {
            1: 0,
            1.5: 0,
            None: 0,
            b"x": 0,
            (1, (2, "a")): 0,
            dt.date(1, 2, 3): 0,
            dt.time(1, 2, 3): 0,
            dt.time(1, 2, 3, 45): 0,
            moment: 0,
            dt.datetime(2024, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=5, seconds=15))): 0,
            uuid.UUID("12345678-1234-5678-1234-567812345678"): 0,
            Colour.RED: 0,
            Grade.GOOD: 0,
            Spot.HERE: 0,
        },
    }


def answer(request):
    if request["op"] == "samples":
        typed = {name: SERDE.dumps_typed(value) for name, value in samples().items()}
        return {name: [kind, data.hex()] for name, (kind, data) in typed.items()}
    value = build(request["tree"])
    kind, data = request["typed"]
    loaded = SERDE.loads_typed((kind, bytes.fromhex(data)))
    return {
        "written": SERDE.dumps_typed([value])[1].hex()[2:],  # in a list, so that None and bytes are msgpack too
        "typed": SERDE.dumps_typed(value)[0],
        "equal": plain(loaded) == plain(value),
    }


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except (TypeError, ValueError, ormsgpack.MsgpackEncodeError) as error:
        reply = {"refused": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
