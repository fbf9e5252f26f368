"""One real history in the layouts of savers that nobody runs here, written as their sources say, with LangGraph's own serializer.

    documented_savers.py write NAME REDIS_URL   fills the database; prints what the saver holds of the history, as JSON
    documented_savers.py read POSTGRES_URL      prints what the official Postgres saver gives, in the same form

The form: {"[thread, namespace, id]": {parent, checkpoint, metadata, writes}}, values in canonical JSON.
"""
import base64
import hashlib
import json
import operator
import pathlib
import sys
from typing import Annotated, TypedDict

import redis
from langchain_core.load.serializable import Serializable
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "judge"))
from canonical import canonical

SERDE = JsonPlusSerializer()
ZERO = "00000000-0000-0000-0000-000000000000"


class State(TypedDict, total=False):
    log: Annotated[list, operator.add]
    messages: list
    raw: bytes
    n: int


def graph(saver):
    inner = StateGraph(State)
    inner.add_node("before", lambda s: {"log": ["before"], "raw": b"\x00\xff"})
    inner.add_node("ask", lambda s: {"log": [interrupt("how many?")]})
    inner.add_edge(START, "before")
    inner.add_edge("before", "ask")
    outer = StateGraph(State)
    outer.add_node("talk", lambda s: {"messages": [HumanMessage("héllo 😀", id="1"), AIMessage("yes", id="2")], "n": 7})
    outer.add_node("child", inner.compile())
    outer.add_node("last", lambda s: {"log": ["last"]})
    outer.add_edge(START, "talk")
    outer.add_edge("talk", "child")
    outer.add_edge("child", "last")
    return outer.compile(checkpointer=saver)


def history():
    """Tuples, oldest first: a thread that waits, one that went on, one that was forked."""
    saver = InMemorySaver()
    app = graph(saver)
    for thread in ("waits", "user:42", "forked"):
        config = {"configurable": {"thread_id": thread}}
        app.invoke({"log": ["in"]}, config)
        if thread == "user:42":
            app.invoke(Command(resume="3"), config)
        if thread == "forked":
            early = [state for state in app.get_state_history(config) if state.metadata["step"] == 0][0]
            app.invoke(None, app.update_state(early.config, {"log": ["other"], "n": 8}, as_node="talk"))
    return sorted((Entry(found) for found in saver.list(None)), key=lambda entry: entry.id)


class Entry:
    def __init__(self, found):
        config = found.config["configurable"]
        self.thread, self.ns, self.id = config["thread_id"], config["checkpoint_ns"], config["checkpoint_id"]
        self.parent = found.parent_config and found.parent_config["configurable"]["checkpoint_id"]
        self.checkpoint, self.metadata = found.checkpoint, dict(found.metadata)
        self.writes = found.pending_writes or []

    def said(self, writes=True):
        return {
            "parent": self.parent,
            "checkpoint": {name: canonical(value) for name, value in self.checkpoint.items() if name != "pending_sends"},
            "metadata": canonical(self.metadata),
            "writes": sorted(json.dumps([task, channel, canonical(value)]) for task, channel, value in self.writes)
            if writes
            else [],
        }

    def numbered_writes(self):
        """(task, index, channel, value), the index by place within the task."""
        places = {}
        for task, channel, value in self.writes:
            places[task] = places.get(task, -1) + 1
            yield task, places[task], channel, value


def lc_json(value):
    """JSON of the serializer before msgpack: `lc` envelopes for what JSON does not know."""

    def envelope(item):
        if isinstance(item, Serializable):
            return item.to_json()
        kind = [*type(item).__module__.split("."), type(item).__name__]
        if isinstance(item, bytes):
            return {"lc": 2, "type": "constructor", "id": kind, "method": "fromhex", "args": [item.hex()]}
        names = [name for name in ("value", "id") if hasattr(item, name)]
        return {"lc": 2, "type": "constructor", "id": kind, "kwargs": {name: getattr(item, name) for name in names}}

    return json.dumps(value, default=envelope, ensure_ascii=False).encode()


def b64(data):
    return base64.b64encode(data).decode()


def hashes(db, entries, separator, payload, key_id=lambda entry: entry.id, root=""):
    """The docs' saver and its copies: `payload` makes the checkpoint's fields, everything else is the same."""
    for entry in entries:
        place = [entry.thread, entry.ns or root]
        db.hset(separator.join(["checkpoint", *place, key_id(entry)]), mapping=payload(entry))
        for task, idx, channel, value in entry.numbered_writes():
            kind, data = SERDE.dumps_typed(value)
            key = separator.join(["writes", *place, entry.id, task, str(idx)])
            db.hset(key, mapping={"channel": channel, "type": kind, "value": data})
    return entries


def docs_july(db, entries):
    entries = [entry for entry in entries if entry.ns == ""]
    times = {entry.id: entry.checkpoint["ts"] for entry in entries}
    for at, entry in enumerate(entries):
        # Which of the two the parent is named by changed with the library.
        parent = entry.parent and (times[entry.parent] if at % 2 else entry.parent)
        fields = {"checkpoint": lc_json(entry.checkpoint), "metadata": lc_json(entry.metadata), "parent_ts": parent or ""}
        db.hset(f"checkpoint:{entry.thread}:{entry.checkpoint['ts']}", mapping=fields)
    return {entry: entry.said(writes=False) for entry in entries}


def docs_json(db, entries):
    def payload(entry):
        fields = {"checkpoint": lc_json(entry.checkpoint), "type": "json", "checkpoint_id": entry.id}
        return fields | {"metadata": lc_json(entry.metadata), "parent_checkpoint_id": entry.parent or ""}

    return hashes(db, entries, ":", payload)


def docs_typed_metadata(db, entries):
    def payload(entry):
        (kind, data), (metadata_kind, metadata) = SERDE.dumps_typed(entry.checkpoint), SERDE.dumps_typed(entry.metadata)
        fields = {"checkpoint": data, "type": kind, "metadata": metadata, "metadata_type": metadata_kind}
        return fields | {"parent_checkpoint_id": entry.parent or ""}

    return hashes(db, entries, "$", payload)


def docs_base64(db, entries):
    def payload(entry):
        kind, data = SERDE.dumps_typed(entry.checkpoint)
        fields = {"checkpoint": b64(data), "type": kind, "metadata": b64(json.dumps(entry.metadata).encode())}
        return fields | {"parent_checkpoint_id": ""}

    return hashes(db, entries, ":", payload)


def docs_by_parent(db, entries):
    def payload(entry):
        kind, data = SERDE.dumps_typed(entry.checkpoint)
        return {"checkpoint": data, "type": kind, "metadata": json.dumps(entry.metadata), "parent_checkpoint_id": entry.parent or ""}

    hashes(db, entries, "$", payload, key_id=lambda entry: entry.parent or entry.id)
    return last_of_each(entries, lambda entry: entry.parent or entry.id)


def docs_default_ns(db, entries):
    def payload(entry):
        kind, data = SERDE.dumps_typed(entry.checkpoint)
        return {"checkpoint": data, "type": kind, "metadata": json.dumps(entry.metadata), "parent_checkpoint_id": entry.parent or ""}

    return hashes(db, entries, "$", payload, root="default")


def python_hash(db, entries):
    """The fork without RediSearch: fields of the official documents, and their mistake of using the parent's id."""
    for entry in entries:
        parent, ns = entry.parent or ZERO, entry.ns or "__empty__"
        place = {"thread_id": entry.thread, "checkpoint_ns": ns}
        checkpoint = {"type": "json", **json.loads(lc_json(entry.checkpoint))}
        fields = place | {"checkpoint_id": parent, "parent_checkpoint_id": parent}
        fields |= {"checkpoint": json.dumps(checkpoint), "metadata": json.dumps(entry.metadata)}
        db.hset(f"checkpoint:{entry.thread}:{ns}:{parent}", mapping=fields)
        for task, idx, channel, value in entry.numbered_writes():
            fields = place | {"checkpoint_id": entry.id, "task_id": task, "idx": idx, "channel": channel}
            fields |= {"type": "base64", "blob": b64(value)} if isinstance(value, bytes) else {"type": "json", "blob": lc_json(value)}
            db.hset(f"checkpoint_write:{entry.thread}:{ns}:{entry.id}:{task}:{idx}", mapping=fields)
    return last_of_each(entries, lambda entry: entry.parent or ZERO)


def agentcore(db, entries):
    def pair(value):
        kind, data = SERDE.dumps_typed(value)
        return {"type": kind, "data": b64(data)}

    for entry in entries:
        session = hashlib.sha256(f"{entry.thread}_{entry.ns}".encode()).hexdigest() if entry.ns else entry.thread
        place = f"{session}:an-actor:{entry.ns}"
        ids = {"session_id": session, "actor_id": "an-actor", "thread_id": entry.thread, "checkpoint_ns": entry.ns}
        values = entry.checkpoint["channel_values"]
        # Beside 1.2.6, which has the values inline, what the first commit did: only in keys of their own.
        apart = entry.thread == "waits"
        kept = {name: part for name, part in entry.checkpoint.items() if not (apart and name == "channel_values")}
        stored = ids | {"checkpoint_id": entry.id, "parent_checkpoint_id": entry.parent, "checkpoint_data": pair(kept)}
        db.set(f"agentcore:checkpoint:{place}:{entry.id}", json.dumps(stored | {"metadata": pair(entry.metadata), "created_at": 1.5}))
        for channel, value in values.items():
            version = str(entry.checkpoint["channel_versions"][channel])
            stored = {"channel": channel, "version": version, "value": pair(value), "checkpoint_id": entry.id, "created_at": 1.5}
            db.set(f"agentcore:channel:{place}:{channel}:{entry.id}", json.dumps(stored))
        for task, channel, value in entry.writes:
            stored = {"checkpoint_id": entry.id, "task_id": task, "channel": channel, "value": pair(value), "task_path": "", "created_at": 1.5}
            db.rpush(f"agentcore:writes:{place}:{entry.id}", json.dumps(stored))
        db.lpush(f"agentcore:session:{session}:an-actor:checkpoints", entry.id)
    return entries


def untagged(db, entries):
    entries = [entry for entry in entries if entry.ns == ""]
    for entry in entries:
        around = {"metadata": entry.metadata, "parent_id": entry.parent}
        key = f"checkpoint:{entry.thread}:{entry.id}"
        if entry.thread == "waits":
            db.set(key, SERDE.dumps_typed({"checkpoint": entry.checkpoint} | around)[1])
        elif entry.thread == "forked":
            kind, data = SERDE.dumps_typed(entry.checkpoint)
            db.set(key, json.dumps({"type": kind, "data": data.hex()} | around))
        else:
            db.set(f"langgraph:{key}", lc_json({"checkpoint": entry.checkpoint} | around))
    return {entry: entry.said(writes=False) for entry in entries}


def last_of_each(entries, key):
    """Checkpoints that no later one of the same key has replaced."""
    return list({(entry.thread, entry.ns, key(entry)): entry for entry in entries}.values())


SAVERS = [
    docs_july, docs_json, docs_typed_metadata, docs_base64, docs_by_parent, docs_default_ns, python_hash, agentcore, untagged,
]  # fmt: skip


def main(mode, *rest):
    if mode == "write":
        name, url = rest
        held = next(saver for saver in SAVERS if saver.__name__ == name)(redis.Redis.from_url(url), history())
        said = held if isinstance(held, dict) else {entry: entry.said() for entry in held}
    else:
        with PostgresSaver.from_conn_string(*rest) as saver:
            said = {entry: entry.said() for entry in map(Entry, saver.list(None))}
    print(json.dumps({json.dumps([entry.thread, entry.ns, entry.id]): answer for entry, answer in said.items()}))


main(*sys.argv[1:])
