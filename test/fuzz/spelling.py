"""Python values spelled as spelled.ts spells ours: equal bytes are equal values."""

import struct

from extensions import Ext
from inert import Callable, Inert, InertClass

MAX_DEPTH = 3000
MAX_NODES = 400_000


class Uncompared(Exception):
    """Too deep or too large to spell."""


class Speller:
    def __init__(self):
        self.nodes = 0

    def spell(self, value, depth=0):
        kind = type(value)
        if kind is str:
            data = value.encode("utf-8", "surrogatepass")
            return b"t%d:%b" % (len(data), data)
        if kind is int:
            return f"i{value:x};".encode()
        if value is None:
            return b"N"
        if kind is bool:
            return b"T" if value else b"F"
        if kind is float:
            return b"f" + (struct.pack(">d", value) if value == value else b"\x7f\xf8\0\0\0\0\0\0")
        if kind is bytes or kind is bytearray:
            return b"%b%d:%b" % (b"b" if kind is bytes else b"a", len(value), bytes(value))
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise Uncompared
        below = depth + 1
        if kind is dict:
            return b"m%b|" % b"".join([self.spell(part, below) for pair in value.items() for part in pair])
        if kind is list:
            return b"l%b|" % b"".join([self.spell(item, below) for item in value])
        if kind is tuple:
            return b"u%b|" % b"".join([self.spell(item, below) for item in value])
        if kind is set or kind is frozenset:
            items = sorted(self.spell(item, below) for item in value)
            return b"%b%b|" % (b"s" if kind is set else b"z", b"".join(items))
        if kind is Ext:
            return self.spell_ext(value, below)
        if isinstance(value, Inert):
            return self.spell_inert(value, below)
        if isinstance(value, (InertClass, Callable)):
            return named("global", value.path)
        raise TypeError(f"{kind} cannot be spelled")

    def spell_inert(self, value, depth):
        parts = [value.callable_, value.args, value.kwargs, value.state, value.items_, value.entries]
        return named(value.how)[:-1] + b"".join(self.spell(part, depth) for part in parts) + b"|"

    def spell_ext(self, ext, depth):
        if ext.form == "single-argument" and ext.names in SETS and type(ext.body) is list:
            letter = b"z" if ext.names[1] == "frozenset" else b"s"
            distinct = {}
            for item in ext.body:
                distinct.setdefault(equal_form(item), self.spell(item, depth))
            return letter + b"".join(sorted(distinct.values())) + b"|"
        names = (*ext.names, "")[:3] if ext.names else ("", "", "")
        return named(ext.form, *names)[:-1] + self.spell(ext.body, depth) + b"|"


SETS = [("builtins", "set"), ("builtins", "frozenset")]


def equal_form(value):
    try:
        return (0, value, hash(value))[:2]
    except TypeError:
        return (1, Speller().spell(value))


def named(form, *names):
    return f"o{form}(".encode() + b"".join(name.encode("utf-8", "surrogatepass") + b":" for name in names) + b"|"
