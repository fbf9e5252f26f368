"""What CPython, ormsgpack, Python's json and the official savers make of payloads: thousands a question, in bytes.

stdin:  operation (1 byte), number of items (4, little-endian), bytes of the items (4); an item is payload, state and
        spelling: payload and spelling each with their length (4) before them, the state a byte: 0 refused by us,
        1 decoded, 2 decoded and not to be compared, 3 understood, but no value made of it
stdout: length (4), then for each item a byte and a text with its length (2) before it: = equal, ! different,
        > decoded by us alone, < decoded here alone, - refused by both, ? not compared
Nothing in a payload is run: whatever a pickle names becomes an inert stand-in, and envelopes build only classes of a list.
"""

import json
import resource
import signal
import struct
import sys

import official
from extensions import read_msgpack
from inert import read_pickle
from spelling import Speller, Uncompared
from wrappings import read_wrapped

RESOURCES = 1 << 30
SECONDS = 20


def read_json(data):
    return json.loads(data.decode("utf-8"), strict=False)


def read_official(data):
    return Official(official.read(data))


class Official:
    def __init__(self, value):
        self.value = value


READERS = {b"o": read_official, b"p": read_pickle, b"m": read_msgpack, b"j": read_json, b"w": read_wrapped}


def answered(read, payload, state, spelling):
    try:
        value = read(payload)
    except (Uncompared, MemoryError, Late) as error:
        return b"?", type(error).__name__
    except Exception as error:
        return (b">" if state in (1, 2) else b"-"), f"{type(error).__name__}: {error}"
    if state == 0:
        return b"<", ""
    if state == 2:
        return b"?", "not compared"
    try:
        if isinstance(value, Official):
            verdict, where = official.compare(value.value, spelling)
            return verdict.encode(), where
        spelled = Speller().spell(value)
    except (Uncompared, RecursionError, Late):
        return b"?", "too large to spell"
    return (b"=", "") if spelled == spelling else (b"!", repr(spelled[:300]))


class Late(Exception):
    pass


def late(*_):
    raise Late


def seeds(operation):
    """Payloads to begin with, made by the official writers."""
    import seeds as made

    return {b"p": made.pickles, b"m": made.msgpacks, b"j": made.jsons}[operation]()


def framed(parts):
    body = b"".join(parts)
    sys.stdout.buffer.write(struct.pack("<I", len(body)) + body)
    sys.stdout.buffer.flush()


def main():
    sys.setrecursionlimit(20_000)
    resource.setrlimit(resource.RLIMIT_AS, (RESOURCES, RESOURCES))
    signal.signal(signal.SIGALRM, late)
    source = sys.stdin.buffer
    while head := source.read(9):
        operation, count, size = struct.unpack("<cII", head)
        data = source.read(size)
        if operation.isupper():
            framed([struct.pack("<I", len(seed)) + seed for seed in seeds(operation.lower())])
            continue
        read, at, replies = READERS[operation], 0, []
        for _ in range(count):
            (length,) = struct.unpack_from("<I", data, at)
            payload = data[at + 4 : at + 4 + length]
            at += 4 + length
            state, length = struct.unpack_from("<BI", data, at)
            spelling = data[at + 5 : at + 5 + length]
            at += 5 + length
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            verdict, text = answered(read, payload, state, spelling)
            signal.setitimer(signal.ITIMER_REAL, 0)
            said = text.encode("utf-8", "replace")[:400]
            replies.append(verdict + struct.pack("<H", len(said)) + said)
        framed(replies)


if __name__ == "__main__":
    main()
