"""Puts one thread for each kind of value into Postgres with the official saver; `values.py URL`."""

import collections
import datetime
import decimal
import ipaddress
import pathlib
import random
import re
import sys
import uuid
import zoneinfo

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompt_values import StringPromptValue
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.serde.types import _DeltaSnapshot
from langgraph.types import Command, Interrupt, Overwrite, Send, TimeoutPolicy

from corpus_types import Colour, Money, Point, Profile


def nested(levels):
    value = []
    for _ in range(levels - 1):
        value = [value]
    return value


chance = random.Random(10)
utc = datetime.timezone.utc
west = datetime.timezone(-datetime.timedelta(hours=5, minutes=30, seconds=15, microseconds=7))
moment = datetime.datetime(2024, 2, 29, 23, 59, 58, 123456)
VALUES = {
    "dates": [
        moment,
        moment.replace(tzinfo=utc),
        moment.replace(tzinfo=west, microsecond=0),
        moment.date(),
        moment.time(),
        datetime.time(1, 2, tzinfo=utc, fold=1),
        datetime.timedelta(days=-1, microseconds=5),
        utc,
        west,
        zoneinfo.ZoneInfo("Europe/Berlin"),
    ],
    "standard": [
        decimal.Decimal("1.10"),
        uuid.UUID(int=2**127 + 1),
        pathlib.PosixPath("/a/ü"),
        pathlib.PosixPath("."),
        re.compile("a+ü", re.I),
        ipaddress.ip_address("::1"),
        ipaddress.ip_network("10.0.0.0/8"),
        collections.deque([1, (2, 3)]),
        collections.deque(),
        {1, 2},
        set(),
        frozenset({"a", frozenset({2})}),
        {(1, 2)},
        {"inner": [{decimal.Decimal("2"), uuid.UUID(int=5)}]},
    ],
    "langgraph": [
        Interrupt(value={"question": [1, {2}]}, id="a" * 32),
        Send("node", {"arg": b"\x00\xff"}),
        Send("node", [Send("inner", AIMessage("hi", id="1"))]),
        Command(update={"a": [HumanMessage("u")]}, goto="x"),
        Overwrite(value=[1]),
        _DeltaSnapshot([HumanMessage("m", id="2"), b"raw"]),
    ],
    "messages": [
        AIMessage("hi", id="3", tool_calls=[{"name": "f", "args": {"x": 1.0}, "id": "c"}], extra_field=[1]),
        Document("page", metadata={"n": 2**63, "when": moment}),
        StringPromptValue(text="prompt"),
        HumanMessage([{"type": "text", "text": 'quote " \\ \n\t\x00 \u2028 \U0001f9e0'}]),
    ],
    "numbers": [1, 1.0, -0.0, 1e300, 5e-324, 2**63, 2**64 - 1, -(2**63), 1e22, 0.1, float(2**53)]
    + [chance.uniform(-1000, 1000) for _ in range(300)]
    + [chance.random() * 10.0 ** chance.randrange(-5, 18) for _ in range(300)],
    "float": [0.9944478474819585],
    "lost": [
        bytearray(b"ba"),
        {b"only"},
        float("nan"),
        -float("inf"),
        Colour.RED,
        Point(1, 2),
        Profile(name="p", labels={"x": [1]}),
        {1: "one", None: "none", True: "true", 1.5: "float"},
        {"__bytes__": "AAAA"},
        AIMessage("b", id="4", additional_kwargs={"raw": b"\x01"}),
        Money("1", "EUR"),
        (1, (2,)),
    ],
    "bytes": b"\x00\x01\xff",
    "bytearray": bytearray(b"\x02"),
    "null": None,
    "timeout": [Send("node", 1, timeout=TimeoutPolicy(run_timeout=2.0))],
    "deepest": nested(124),
    "too deep": nested(125),
}
KEYS = {'chan "quoted"\\': 1, "ключ:with|signs": {"ü": [None, True]}, "a,b": "text"}


def put(saver, thread, values, parent=None, versions=None, **more):
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = values
    checkpoint["channel_versions"] = versions or {channel: f"{1:032}.{0.5:016}" for channel in values}
    checkpoint["versions_seen"] = {"node": dict(checkpoint["channel_versions"])}
    config = {"configurable": {"thread_id": thread, "checkpoint_ns": "", **(parent or {})}}
    metadata = {"source": "loop", "step": 1, "parents": {}, "note": 'nul \\ " ü', "float": 0.30000000000000004, **more}
    return saver.put(config, checkpoint, metadata, checkpoint["channel_versions"])


with PostgresSaver.from_conn_string(sys.argv[1]) as saver:
    saver.setup()
    for name, value in VALUES.items():
        where = put(saver, name, {"value": value, "text": "ü" * 40, "count": 3})
        saver.put_writes(where, [("value", value), ("__interrupt__", [Interrupt("why")])], "task")
    put(saver, "keys", KEYS)
    first = put(saver, "deep once", {"value": nested(200)})
    second = put(saver, "deep once", {"value": [1]}, {"checkpoint_id": first["configurable"]["checkpoint_id"]}, {"value": "2"})
    for task in range(3):
        saver.put_writes(second, [("value", bytes([task]) * 3_000_000), ("other", task)], f"t{task}", f"~{2 - task}")
    marks = {"counters_since_delta_snapshot": {"value": [1, 1]}}
    first = put(saver, "delta", {"other": nested(200)}, **marks)
    put(saver, "delta", {"other": [1]}, {"checkpoint_id": first["configurable"]["checkpoint_id"]}, {"other": "2"}, **marks)
    orphan = {"configurable": {"thread_id": "keys", "checkpoint_ns": "", "checkpoint_id": "gone"}}
    saver.put_writes(orphan, [("a", 1), ("b", 2)], "task")
