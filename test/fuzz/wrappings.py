"""Compressions and ways to write bytes as text, each read by the standard library or from its description alone."""

import base64
import binascii
import gzip
import zlib

import xxhash


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
