"""Gives a case thread ids of its own, so that all cases fit into one Redis without sharing a key.

Takes `{"folder": …, "tag": …}` on stdin and prints the lines of the case's redis.jsonl with the tag before every thread id: in
keys, in values that name keys, and in the fields that hold the id, down into pickles. Everything else stays as the saver wrote it.
"""

import base64
import json
import pathlib
import pickletools
import re
import sys

# What stands before the thread id in the keys of the corpora, longest first where one begins like another.
HEADS = re.compile(
    "|".join(
        map(
            re.escape,
            sorted(
                """acme:ckpt: acme:ckpt_w: acme:ckpt_latest: checkpoint: checkpoint$ checkpoint_blob: checkpoint_latest:
                checkpoint_ns_idx: checkpoint_write: checkpoint_writes: checkpoints_idx: edu:ckpt: langgraph:checkpoint:
                langgraph:index: langgraph:mood_override: langgraph:thread: langgraph:writes: langgraph_thread: lg:blob: lg:cp:
                lg:idx: lg:wr: thread: write_keys_zset: write_registry: writes: writes$""".split(),
                key=len,
                reverse=True,
            ),
        )
    ).encode()
)
# Some savers put the id of the thread between braces.
BRACED = re.compile(rb"(checkpoint|writes|thread):\{")
# However often the JSON was put into a string of another.
THREAD_FIELD = re.compile(rb'(\\*"thread_id\\*": ?\\*")')


class Tagged:
    def __init__(self, tag):
        self.tag = tag.encode()

    def line(self, line):
        key = base64.b64decode(line["key"])
        head = (BRACED.match(key) if line["type"] in ("string", "list") else None) or HEADS.match(key)
        value = self.value(key, line["type"], line["value"])
        renamed = key[: head.end()] + self.tag + key[head.end() :] if head else key
        # Keys of the whole saver stay one, those of other applications are kept apart.
        if not head and key not in (b"lg:threads", b"lg:seq", b"checkpoint_threads"):
            renamed = self.tag + key
        return {**line, "key": base64.b64encode(renamed).decode(), "value": value}

    def value(self, key, kind, value):
        if kind == "ReJSON-RL":
            return self.text(value.encode()).decode()
        if kind == "string":
            return self.base64(key, value)
        if kind == "hash":
            return [[self.name(field), self.base64(key, content)] for field, content in value]
        if kind == "zset":
            return [[self.name(member), score] for member, score in value]
        if key == b"checkpoint_threads":
            return [encoded(self.tag + base64.b64decode(member)) for member in value]
        return [self.name(member) for member in value]

    def name(self, text):
        """A field or member that is the name of a key, or anything else."""
        content = base64.b64decode(text)
        head = HEADS.match(content)
        if head is None:
            return text
        return encoded(content[: head.end()] + self.tag + content[head.end() :])

    def base64(self, key, text):
        content = base64.b64decode(text)
        if content[:1] == b"\x80" and content[-1:] == b".":
            thread = re.sub(rb"^(edu:ckpt|langgraph_thread):", b"", key)
            return encoded(self.pickle(content, thread if thread != key else None))
        if key == b"lg:threads":
            return encoded(content.replace(b'"thread": "', b'"thread": "' + self.tag))
        return encoded(self.text(content)) if content[:1] == b"{" else self.name(text)

    def text(self, content):
        return THREAD_FIELD.sub(lambda found: found.group() + self.tag, content)

    def pickle(self, content, thread):
        """The text after each `thread_id`, or every text that is `thread`, and the frames around them."""
        try:
            ops = list(pickletools.genops(content))
        except Exception:
            return content  # damaged on purpose
        ends = [position for _, _, position in ops[1:]] + [len(content)]
        out, moved, frames, memo, originals, last = bytearray(), {}, [], {}, {}, None
        for (op, arg, start), end in zip(ops, ends):
            moved[start] = len(out)
            code = content[start:end]
            if "UNICODE" in op.name:
                if last == "thread_id" or arg.encode("utf-8", "surrogatepass") == thread:
                    originals[arg] = code
                    tagged = self.tag + arg.encode("utf-8", "surrogatepass")
                    assert len(tagged) < 256
                    short = op.name == "SHORT_BINUNICODE"
                    code = code[:1] + len(tagged).to_bytes(1 if short else 4, "little") + tagged
                last = arg
            elif op.name in ("MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT"):
                memo[len(memo) if arg is None else arg] = last
            else:
                text = memo.get(arg) if op.name in ("BINGET", "LONG_BINGET", "GET") else None
                # The same string where it is no thread id: a thread may be named like a module.
                if thread is None and text in originals and last != "thread_id":
                    code = originals[text]
                last = text
            if op.name == "FRAME":
                frames.append((start, end, end + arg))
            out += code
        moved[len(content)] = len(out)
        for start, begin, end in frames:
            out[moved[start] + 1 : moved[start] + 9] = (moved[end] - moved[begin]).to_bytes(8, "little")
        return bytes(out)


def encoded(content):
    return base64.b64encode(content).decode()


def main():
    order = json.load(sys.stdin)
    tagged = Tagged(order["tag"])
    with open(pathlib.Path(order["folder"]) / "redis.jsonl", encoding="utf-8") as file:
        for line in file:
            print(json.dumps(tagged.line(json.loads(line))))


main()
