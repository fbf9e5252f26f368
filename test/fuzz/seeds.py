"""Small payloads of every kind that the official writers make; the fuzzer begins with them."""

import collections
import datetime
import decimal
import fractions
import ipaddress
import json
import pathlib
import pickle
import uuid
import zoneinfo

from langchain_core.documents import Document
from langchain_core.load.dump import dumps
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.types import Command, Interrupt, Send

ZONE = datetime.timezone(datetime.timedelta(hours=5, minutes=30), "IST")
MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=ZONE)
SHARED = ["part", {"n": 1}]


class Free:
    """A class of an application."""


def plain():
    return [
        None,
        True,
        [1, 1.0, True, -1, 0, -0.0],
        [127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), -129, -33, -32],
        ["", "a", "ascii " * 12, "naïve 🧵 \u2028 \0", "\ud7ff\ue000", "x" * 300],
        {"nested": {"deep": [[[{"a": None}]]]}, "list": list(range(20)), "": ""},
        {f"key{i}": i for i in range(18)},
        {"v": 4, "ts": "2026-01-02T03:04:05+00:00", "id": "1f1e0000-0000-6000-8000-000000000002", "channel_values": {"n": 3, "log": ["a", "b"]}, "channel_versions": {"n": "00000000000000000000000000000002.0.5"}, "versions_seen": {"__input__": {}}},
        [1.5, float("inf"), float("-inf"), float("nan"), 1e300, 5e-324, 0.1],
        {"source": "loop", "step": 1, "parents": {}, "writes": {"node": {"x": [True, False, None]}}},
    ]


def rich():
    return [
        b"\x00\xff",
        [b"bytes", bytearray(b"array"), b"x" * 300],
        {"set": {1, 2}, "frozen": frozenset(["a"]), "tuple": (1, (2, "x"))},
        {1: "int", 1.5: "float", None: "none", (1, "a"): "tuple", b"k": "bytes", True: "one"},
        MOMENT,
        [datetime.date(2024, 1, 2), datetime.time(1, 2, 3, 4, tzinfo=ZONE, fold=1), datetime.timedelta(1, 2, 3), ZONE],
        [uuid.UUID(int=7), decimal.Decimal("1.10"), pathlib.Path("/a/b"), ipaddress.ip_address("1.2.3.4")],
        [zoneinfo.ZoneInfo("Europe/Paris")],
        collections.deque([1, 2], 5),
        collections.OrderedDict(b=1, a=[2]),
        collections.Counter("abca"),
        [HumanMessage("hi", id="1"), AIMessage("", id="2", tool_calls=[{"name": "f", "args": {"x": 1.0}, "id": "c"}])],
        [ToolMessage("r", tool_call_id="c", id="3"), Document("text", metadata={"p": 1})],
        [Send("node", {"a": 1}), Interrupt(value={"q": "?"}, id="1")],
        Command(goto="x", update={"a": 1}),
    ]


def pickled_only():
    free = Free()
    free.name, free.items = "x", [1, 2]
    recursive = [1]
    recursive.append(recursive)
    return [
        [SHARED, SHARED, {"again": SHARED}],
        free,
        [2**70, -(2**70), 2**200, 10**30],
        ["\ud800 lone", "line\nfeed \\ backslash \\u0041"],
        recursive,
        collections.defaultdict(list, {"a": [1]}),
        [complex(1, 2), range(3), slice(1, 2), fractions.Fraction(1, 3)],
        ValueError("bad", 1),
    ]


def pickles():
    for value in plain() + rich() + pickled_only():
        for protocol in range(6):
            try:
                yield pickle.dumps(value, protocol)
            except TypeError:  # the two oldest protocols know no slots
                continue


def msgpacks():
    serde = JsonPlusSerializer()
    for value in plain() + rich():
        kind, data = serde.dumps_typed([value])
        if kind == "msgpack":
            yield data


def jsons():
    for value in plain():
        for options in ({}, {"ensure_ascii": False, "separators": (",", ":")}, {"indent": 1}):
            yield json.dumps(value, **options).encode("utf-8", "replace")
    for value in rich()[-4:-2]:
        yield dumps(value).encode()
