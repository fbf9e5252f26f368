"""What CPython, ormsgpack, Python's json and the official savers make of payloads: thousands a question, in bytes.

stdin:  operation (1 byte), number of items (4, little-endian), bytes of the items (4); an item is payload, state and spelling: the payload
        and the spelling each with their length (4) before them, the state a byte: 0 refused by us, 1 decoded, 2 decoded and not to be compared, 3 understood, but its value refused
stdout: length (4), then for each item a byte and a text with its length (2) before it:
        = equal   ! different   > decoded by us alone   < decoded here alone   - refused by both   ? not compared
Nothing in a payload is run: whatever a pickle names becomes an inert stand-in, and envelopes build only classes of a list.
"""

import base64
import binascii
import gzip
import json
import pickle
import resource
import signal
import struct
import sys
import zlib

import official
import ormsgpack
import xxhash

RESOURCES = 1 << 30
SECONDS = 20
MAX_DEPTH = 3000
MAX_NODES = 400_000
OPTION = ormsgpack.OPT_NON_STR_KEYS


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


# --- pickle: everything that is named is inert


class InertClass(type):
    def __call__(cls, *args, **kwargs):
        return made(cls, "call", cls, args, kwargs)


class Inert(metaclass=InertClass):
    def __new__(cls, *args, **kwargs):
        return made(cls, "new", cls, args, kwargs)

    def __setstate__(self, state):
        if self.has_state:
            raise TypeError("a second state")
        self.has_state, self.state = True, (state,)

    def append(self, item):
        self.items_.append(item)

    def extend(self, items):
        self.items_.extend(items)

    def add(self, item):
        hash(item)
        self.items_.append(item)

    def __setitem__(self, key, value):
        hash(key)
        self.entries.extend((key, value))

    def __reduce_ex__(self, protocol):
        raise TypeError


def made(cls, how, callable_, args, kwargs=None):
    self = object.__new__(cls)
    self.how, self.callable_, self.args = how, callable_, list(args)
    self.kwargs, self.has_state, self.state = kwargs or None, False, None
    self.items_, self.entries = [], []
    return self


class Callable:
    """A function that pickles call to spell a plain value; whatever else it is called with stays a call."""

    def __init__(self, path, build):
        self.path, self.build = path, build

    def __call__(self, *args):
        built = self.build(*args)
        return made(Inert, "call", self, args) if built is NotImplemented else built


def collection(kind):
    def build(*args):
        if not args:
            return kind()
        if len(args) == 1 and type(args[0]) in (list, tuple):
            return kind(args[0])
        return NotImplemented

    return build


def encode(*args):
    if len(args) != 2 or type(args[0]) is not str or type(args[1]) is not str:
        return NotImplemented
    if args[1] not in ("latin1", "latin-1", "iso-8859-1"):
        return NotImplemented
    return args[0].encode("latin1")


def build_bytes(*args):
    return b"" if not args else NotImplemented


def build_bytearray(*args):
    if not args:
        return bytearray()
    if type(args[0]) is bytes and len(args) == 1:
        return bytearray(args[0])
    text = encode(*args)
    return text if text is NotImplemented else bytearray(text)


def reconstruct(*args):
    if len(args) < 3 or not isinstance(args[0], InertClass) or not isinstance(args[1], (InertClass, Callable)):
        return NotImplemented
    cls, base, content = args[:3]
    module, _, name = base.path.partition(".")
    if module != "builtins":
        return NotImplemented
    if name == "object":
        return made(cls, "new", cls, [])
    if name == "tuple" and type(content) is tuple:
        return made(cls, "new", cls, content)
    self = made(cls, "new", cls, [])
    if name == "list" and type(content) is list:
        self.items_.extend(content)
    elif name == "dict" and type(content) is dict:
        self.entries.extend(part for pair in content.items() for part in pair)
    else:
        self.args = [content]
    return self


def new_object(*args):
    return made(Inert, "new", args[0], args[1:]) if args else NotImplemented


def new_object_ex(*args):
    if len(args) < 3 or type(args[1]) is not tuple:
        return NotImplemented
    return made(Inert, "new", args[0], args[1], args[2])


def attribute(*args):
    if len(args) < 2 or not isinstance(args[0], (InertClass, Callable)) or type(args[1]) is not str:
        return NotImplemented
    if any("\ud800" <= char <= "\udfff" for char in args[1]):
        return NotImplemented
    return inert(args[0].module, f"{args[0].name}.{args[1]}")


CALLABLES = {
    "copyreg._reconstructor": reconstruct,
    "copyreg.__newobj__": new_object,
    "copyreg.__newobj_ex__": new_object_ex,
    "builtins.getattr": attribute,
    "_codecs.encode": encode,
    "builtins.bytes": build_bytes,
    "builtins.bytearray": build_bytearray,
    "builtins.set": collection(set),
    "builtins.frozenset": collection(frozenset),
    "builtins.list": collection(list),
    "builtins.tuple": collection(tuple),
    "builtins.dict": lambda *args: NotImplemented if args else {},
}
MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg", "exceptions": "builtins"}
NAMES = {"builtins.xrange": "range", "builtins.unicode": "str", "builtins.long": "int", "builtins.StandardError": "Exception"}
CLASSES = {}


def inert(module, name):
    module = MODULES.get(module, module)
    name = NAMES.get(f"{module}.{name}", name)
    path = f"{module}.{name}"
    known = CLASSES.get(path)
    if known is None:
        if len(CLASSES) > 10_000:
            CLASSES.clear()
        known = Callable(path, CALLABLES[path]) if path in CALLABLES else InertClass("Named", (Inert,), {"path": path})
        known.module, known.name = module, name
        CLASSES[path] = known
    return known


class Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        return inert(module, name)


class Input:
    """A pickle as a file; the Unpickler must not be able to ask for more than there is."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def read(self, count=-1):
        piece = self.data[self.at : self.at + count]
        self.at += len(piece)
        return piece

    def peek(self, count):
        return self.data[self.at :]

    def readline(self):
        end = self.data.find(b"\n", self.at) + 1
        piece = self.data[self.at : end or len(self.data)]
        self.at += len(piece)
        return piece


def read_pickle(data):
    return Unpickler(Input(data)).load()


# --- msgpack: extensions are inert


class Ext:
    __slots__ = ("form", "names", "body")

    def __init__(self, form, names, body):
        self.form, self.names, self.body = form, names, body


FORMS = ["single-argument", "positional", "keywords", "method", "pydantic-v1", "pydantic-v2", "numpy", "delta-snapshot"]


def ext_hook(code, data):
    """The shapes that the official hook takes, without what it builds of them."""
    if not 0 <= code < len(FORMS):
        raise ValueError(f"extension {code}")
    form = FORMS[code]
    body = ormsgpack.unpackb(data, ext_hook=ext_hook, option=OPTION)
    if form == "delta-snapshot":
        return Ext(form, (), body)
    if form == "numpy":
        dtype, shape, order, buffer = body
        return Ext(form, (), [dtype, shape, order, buffer])
    names = (body[0], body[1]) if form not in ("method", "pydantic-v2") else (body[0], body[1], body[3])
    if not all(type(name) is str for name in names):
        raise TypeError("a name that is no text")
    return Ext(form, names, body[2])


def read_msgpack(data):
    return ormsgpack.unpackb(data, ext_hook=ext_hook, option=OPTION)


# --- JSON and wrappings


def read_json(data):
    return json.loads(data.decode("utf-8"), strict=False)


def read_wrapped(data):
    kind, _, payload = data.partition(b"\0")
    return UNWRAP[kind](payload)


def whole(decompressor, data):
    out = decompressor.decompress(data)
    if not decompressor.eof:
        raise ValueError("cut")
    if decompressor.unused_data:
        raise ValueError("more behind the end")
    return out


def base64_of(data):
    text = data.replace(b"\r\n", b"").replace(b"\n", b"")
    if b"+" not in text and b"/" not in text:
        text = text.replace(b"-", b"+").replace(b"_", b"/")
    return base64.b64decode(text, validate=True)


def lz4_frames(data):
    """A second reader, written from the description of the format alone."""
    at, out = 0, bytearray()

    def take(count):
        nonlocal at
        if count > len(data) - at:
            raise ValueError("cut")
        at += count
        return data[at - count : at]

    def number(count):
        return int.from_bytes(take(count), "little")

    if not data:
        raise ValueError("empty")
    while at < len(data):
        magic = number(4)
        if 0x184D2A50 <= magic <= 0x184D2A5F:
            take(number(4))
            continue
        if magic != 0x184D2204:
            raise ValueError("magic")
        start = at
        flags, sizes = number(1), number(1)
        if flags >> 6 != 1 or flags & 2 or sizes & 0x8F or sizes >> 4 < 4 or flags & 1:
            raise ValueError("flags")
        content_size = number(8) if flags & 8 else None
        if number(1) != xxhash.xxh32_intdigest(data[start : at - 1]) >> 8 & 0xFF:
            raise ValueError("header checksum")
        limit = 1 << (8 + 2 * (sizes >> 4))
        first = len(out)
        while size := number(4):
            block = take(size & 0x7FFFFFFF)
            if len(block) > limit:
                raise ValueError("block size")
            if flags & 16 and number(4) != xxhash.xxh32_intdigest(block):
                raise ValueError("block checksum")
            before = len(out)
            if size >> 31:
                out += block
            else:
                lz4_block(block, out, before if flags & 32 else first)
            if len(out) - before > limit:
                raise ValueError("block content")
        if content_size not in (None, len(out) - first):
            raise ValueError("content size")
        if flags & 4 and number(4) != xxhash.xxh32_intdigest(bytes(out[first:])):
            raise ValueError("content checksum")
    return bytes(out)


def lz4_block(block, out, oldest):
    at = 0

    def length(first):
        nonlocal at
        total = first
        if first == 15:
            more = 255
            while more == 255:
                more = block[at]
                at += 1
                total += more
        return total

    while True:
        token = block[at]
        at += 1
        literals = length(token >> 4)
        if literals > len(block) - at:
            raise ValueError("literals")
        out += block[at : at + literals]
        at += literals
        if at == len(block):
            return
        if len(block) - at < 2:
            raise ValueError("offset")
        offset = block[at] | block[at + 1] << 8
        at += 2
        count = length(token & 15) + 4
        if not 0 < offset <= len(out) - oldest:
            raise ValueError("before the beginning")
        for _ in range(count):
            out.append(out[-offset])


def decimal_bytes(data):
    text = data.decode("ascii")
    if any(not (0 < len(part) <= 3 and part.isdigit()) for part in text.split(",")):
        raise ValueError("not digits")
    return bytes(int(part) for part in text.split(","))


UNWRAP = {
    b"zlib": lambda data: whole(zlib.decompressobj(), data),
    b"gzip": gzip.decompress,
    b"lz4": lz4_frames,
    b"base64": base64_of,
    b"hex": lambda data: binascii.unhexlify(data),
    b"decimal": decimal_bytes,
}

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
