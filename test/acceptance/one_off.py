"""Threads of real graphs as one-off savers lay them out in Redis, and what PostgresSaver reads of them afterwards.

    one_off.py write REDIS_SERVER_URL   every saver below gets a database of its own; prints {name: {"db", "expected"}}
    one_off.py read POSTGRES_URL        prints the checkpoints there, in the form of "expected"

The graphs run on InMemorySaver, numbering versions as the saver in question does; each saver below then stores what it
would have been given: the same bytes, under the same keys. A checkpoint is
{"ids", "parent", "checkpoint", "metadata", "writes"} in canonical form.
"""
import base64
import datetime
import decimal
import gzip
import json
import operator
import pathlib
import pickle
import sys
import uuid
import zlib
from typing import Annotated, TypedDict
from urllib.parse import quote

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "judge"))

from canonical import canonical
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.base import WRITES_IDX_MAP, BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, Send, interrupt

SERDE = JsonPlusSerializer()


class IntVersions(InMemorySaver):
    """Most one-off savers keep the numbering of the base class."""

    def get_next_version(self, current, channel):
        return BaseCheckpointSaver.get_next_version(self, current, channel)


class Tally(TypedDict, total=False):
    log: Annotated[list, operator.add]
    n: int
    kept: dict


def chat(saver):
    def ask(state):
        answer = interrupt({"question": "Refund €42?"})
        return {"messages": [AIMessage(f"you said {answer}", id=f"a{len(state['messages'])}")]}

    g = StateGraph(MessagesState)
    g.add_node("greet", lambda s: {"messages": [AIMessage("hello", id=f"g{len(s['messages'])}")]})
    g.add_node("ask", ask)
    g.add_edge(START, "greet")
    g.add_edge("greet", "ask")
    return g.compile(checkpointer=saver)


KEPT = {
    "when": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
    "id": uuid.UUID(int=7),
    "price": decimal.Decimal("19.90"),
    "raw": b"\x00\xff",
    "seen": {"a", "b"},
    "text": "naïve \u2028 🧵",
}


def counting(saver):
    def step(state):
        return {"log": [f"n={state.get('n', 0)}"], "n": state.get("n", 0) + 1, "kept": KEPT}

    g = StateGraph(Tally)
    g.add_node("step", step)
    g.add_node("check", lambda s: {"log": ["check"]})
    g.add_edge(START, "step")
    g.add_edge("step", "check")
    g.add_conditional_edges("check", lambda s: END if s["n"] >= 3 else "step")
    return g.compile(checkpointer=saver)


def nested(saver):
    inner = StateGraph(Tally)
    inner.add_node("before", lambda s: {"log": ["before"]})
    inner.add_node("inner_ask", lambda s: {"log": [f"inner {interrupt('how many?')}"]})
    inner.add_edge(START, "before")
    inner.add_edge("before", "inner_ask")
    outer = StateGraph(Tally)
    outer.add_node("first", lambda s: {"log": ["first"]})
    outer.add_node("sub", inner.compile())
    outer.add_edge(START, "first")
    outer.add_edge("first", "sub")
    return outer.compile(checkpointer=saver)


def fan(saver):
    def work(item):
        return {"log": [f"item {item['k']} {interrupt(item['k']) if item['k'] == 1 else 'ok'}"]}

    g = StateGraph(Tally)
    g.add_node("plan", lambda s: {"log": ["plan"]})
    g.add_node("work", work)
    g.add_edge(START, "plan")
    g.add_conditional_edges("plan", lambda s: [Send("work", {"k": k}) for k in range(3)], ["work"])
    return g.compile(checkpointer=saver)


def run_graphs(saver, with_nested):
    def cfg(thread):
        return {"configurable": {"thread_id": thread}}

    for thread in ("pending", "user:42:chat"):
        chat(saver).invoke({"messages": [HumanMessage("hi", id="h")]}, cfg(thread))
    graph = chat(saver)
    graph.invoke({"messages": [HumanMessage("hi", id="h")]}, cfg("resumed $ 100%/1 🧵"))
    graph.invoke(Command(resume="yes"), cfg("resumed $ 100%/1 🧵"))
    graph = counting(saver)
    graph.invoke({"n": 0, "log": []}, cfg("forked"))
    old = [s for s in graph.get_state_history(cfg("forked")) if s.next == ("check",)][-1]
    graph.invoke(None, graph.update_state(old.config, {"n": 1, "log": ["forked"]}))
    fan(saver).invoke({"log": ["start"]}, cfg("fan"))
    if with_nested:
        nested(saver).invoke({"log": ["start"]}, cfg("nested"))
        nested(saver).invoke({"log": ["start"]}, cfg("user:42:nested"))


class Put:
    """One call of `put`, with the writes that followed it."""

    def __init__(self, saver, given):
        of = given.config["configurable"]
        self.thread, self.ns, self.id = of["thread_id"], of["checkpoint_ns"], of["checkpoint_id"]
        self.key = (self.thread, self.ns, self.id)
        self.parent = given.parent_config["configurable"]["checkpoint_id"] if given.parent_config else None
        self.checkpoint, self.metadata = given.checkpoint, given.metadata
        self.config = {"configurable": {"thread_id": self.thread, "checkpoint_ns": self.ns}}
        if self.parent:
            self.config["configurable"]["checkpoint_id"] = self.parent
        #: (task, index) -> (task, channel, value, path)
        self.writes = {
            slot: (task, channel, SERDE.loads_typed(pair), path)
            for slot, (task, channel, pair, path) in saver.writes.get(self.key, {}).items()
        }

    def bare(self):
        return {name: value for name, value in self.checkpoint.items() if name != "channel_values"}

    def new_versions(self, puts):
        before = next((p for p in puts if (p.thread, p.ns, p.id) == (self.thread, self.ns, self.parent)), None)
        had = before.checkpoint["channel_versions"] if before else {}
        return {c: v for c, v in self.checkpoint["channel_versions"].items() if had.get(c) != v}

    def expected(self, parent="own", writes=True, metadata=None, ns=None, values=None):
        ordered = sorted(self.writes.items(), key=lambda item: item[0])
        checkpoint = dict(self.checkpoint)
        if values is not None:
            checkpoint["channel_values"] = values
        return {
            "ids": [self.thread, self.ns if ns is None else ns, self.id],
            "parent": self.parent if parent == "own" else parent,
            "checkpoint": canonical(checkpoint),
            "metadata": canonical(self.metadata if metadata is None else metadata),
            "writes": [[task, channel, canonical(value)] for _, (task, channel, value, _) in ordered] if writes else [],
        }


def puts_of(kind, with_nested=True):
    saver = kind()
    run_graphs(saver, with_nested)
    return sorted((Put(saver, given) for given in saver.list(None)), key=lambda put: put.id)


def latest(puts):
    return list({put.thread: put for put in puts}.values())


# --- savers that pickle -------------------------------------------------------------------------------------------


def latest_triple(r):
    puts = puts_of(IntVersions)
    for p in puts:
        r.set(f"checkpoint:{p.thread}", pickle.dumps((p.checkpoint, p.metadata, p.config)))
    return [p.expected(writes=False) for p in latest(puts)]


def channel_hash(r):
    puts = puts_of(IntVersions, with_nested=False)
    for p in puts:
        fields = {"metadata": p.metadata, "config": p.config, "info": p.bare()}
        fields |= {f"chan:{name}": value for name, value in p.checkpoint["channel_values"].items()}
        r.hset(f"checkpoint:{p.thread}", mapping={k: zlib.compress(pickle.dumps(v)) for k, v in fields.items()})
    r.hset("checkpoint:statistics", mapping={"info": "not a saver's", "hits": 3})
    # Fields of channels that are empty now stay: that saver's own reader gives them, too.
    stale = {}
    for p in puts:
        stale.setdefault(p.thread, {}).update(p.checkpoint["channel_values"])
    return [p.expected(writes=False, values=stale[p.thread]) for p in latest(puts)]


def dict_ns(r):
    puts = puts_of(IntVersions)
    for at, p in enumerate(puts):
        data = {"checkpoint": p.checkpoint, "metadata": p.metadata} | ({"parent_config": None} if at % 2 else {})
        r.setex(f"checkpoint:{p.thread}:{p.ns}:{p.id}", 7200, pickle.dumps(data))
        r.setex(f"checkpoint:{p.thread}:{p.ns}:latest", 7200, p.id)
    r.hset("conversation_list:u1", "pending", "Refunds")
    return [p.expected(writes=False) for p in puts]


def dict_plain(r):
    puts = puts_of(IntVersions, with_nested=False)
    for p in puts:
        r.set(f"checkpoint:{p.thread}:{p.id}", pickle.dumps({"checkpoint": p.checkpoint, "metadata": p.metadata}))
        r.set(f"checkpoint:{p.thread}:latest", p.id)
    return [p.expected(writes=False) for p in puts]


def dict_latest(r):
    puts = puts_of(IntVersions, with_nested=False)
    for p in puts:
        data = {"checkpoint": p.checkpoint, "metadata": p.metadata, "config": p.config}
        r.setex(f"checkpoint:{p.thread}", 900, pickle.dumps(data))
    return [p.expected(writes=False) for p in latest(puts)]


def bare(r):
    puts = puts_of(IntVersions, with_nested=False)
    for p in puts:
        r.set(f"checkpoint:{p.thread}", pickle.dumps(p.checkpoint, protocol=2))
    return [p.expected(parent=None, writes=False, metadata={}) for p in latest(puts)]


WRAPPINGS = [
    lambda data: data,
    zlib.compress,
    gzip.compress,
    base64.b64encode,
    lambda data: data.hex().encode(),
    lambda data: base64.b64encode(zlib.compress(data)),
    lambda data: ",".join(map(str, data)).encode(),
]


def wrapped(r):
    puts = puts_of(IntVersions, with_nested=False)
    for at, p in enumerate(puts):
        parent = {"configurable": {"thread_id": p.thread, "checkpoint_id": p.parent}} if p.parent else None
        whole = CheckpointTuple({"configurable": {"thread_id": p.thread, "checkpoint_id": p.id}}, p.checkpoint, p.metadata, parent, [])
        triple = (p.checkpoint, p.metadata, p.config)
        r.set(f"checkpoint:{p.thread}:{p.id}", WRAPPINGS[at % len(WRAPPINGS)](pickle.dumps(whole if at % 2 else triple)))
        by_task = {}
        for (task, _), (_, channel, value, _) in sorted(p.writes.items()):
            by_task.setdefault(task, []).append((channel, value))
        for task, writes in by_task.items():
            r.set(f"writes:{p.thread}:{p.id}:{task}", WRAPPINGS[at % len(WRAPPINGS)](pickle.dumps(writes)))
    return [p.expected() for p in puts]


def old_snapshot(r):
    """Before langgraph-checkpoint 2.0.10: writes without a task path; before 2.0.22: values inside the checkpoint."""
    puts = puts_of(InMemorySaver)
    for thread in {p.thread for p in puts}:
        storage, writes = {}, {}
        for p in (p for p in puts if p.thread == thread):
            pair = SERDE.dumps_typed(p.checkpoint), SERDE.dumps_typed(p.metadata)
            storage.setdefault(p.ns, {})[p.id] = (*pair, p.parent)
            writes[p.key] = {slot: (t, c, SERDE.dumps_typed(v)) for slot, (t, c, v, _) in sorted(p.writes.items())}
        r.set(f"langgraph_thread:{thread}", pickle.dumps({"storage": storage, "writes": writes}))
    return [p.expected() for p in puts]


def quoted(r):
    puts = puts_of(InMemorySaver)
    q = lambda text: quote(text, safe="")
    for p in puts:
        base = f"lg:english_tutor:thread:{q(p.thread)}"
        ns = f"{base}:ns:{q(p.ns)}"
        values = p.checkpoint["channel_values"]
        for channel, version in p.new_versions(puts).items():
            pair = SERDE.dumps_typed(values[channel]) if channel in values else ("empty", b"")
            r.set(f"{ns}:blob:{q(channel)}:{q(version)}", pickle.dumps(pair, protocol=5))
        payload = SERDE.dumps_typed(p.bare()), SERDE.dumps_typed(p.metadata), p.parent
        r.hset(f"{ns}:data", p.id, pickle.dumps(payload, protocol=5))
        r.zadd(f"{ns}:index", {p.id: r.incr(f"{ns}:seq")})
        r.sadd(f"{base}:ns_set", p.ns)
        for (task, idx), (_, channel, value, path) in p.writes.items():
            payload = (task, channel, SERDE.dumps_typed(value), path)
            r.hset(f"{ns}:ckpt:{p.id}:writes", f"{task}:{idx}", pickle.dumps(payload, protocol=5))
    return [p.expected() for p in puts]


def pion(r):
    puts = puts_of(IntVersions)
    for p in puts:
        keys = []
        positions = {}
        for (task, _), (_, channel, value, _) in sorted(p.writes.items()):
            idx = positions[task] = positions.get(task, -1) + 1
            keys.append(f"lgcp:wr:{p.thread}:{p.ns}:{p.id}:{task}:{idx}")
            r.hset(keys[-1], mapping={"channel": channel, "value": pickle.dumps(value), "task_id": task})
        fields = {"checkpoint": pickle.dumps(p.checkpoint), "metadata": pickle.dumps(p.metadata), "parent_id": p.parent or ""}
        fields |= {"new_versions": pickle.dumps(p.new_versions(puts)), "write_keys": ",".join(keys)}
        r.hset(f"lgcp:cp:{p.thread}:{p.ns}:{p.id}", mapping=fields)
        r.zadd(f"lgcp:ver:{p.thread}:{p.ns}", {p.id: 1})
    return [p.expected() for p in puts]


def field_hash(r):
    puts = puts_of(IntVersions, with_nested=False)
    expected = []
    for p in puts:
        checkpoint = {name: value for name, value in p.checkpoint.items() if name in FIELDS_OF_2024} | {"v": 1}
        r.hset(f"langgraph:checkpoint:{p.thread}:{p.checkpoint['ts']}", mapping={k: pickle.dumps(v) for k, v in checkpoint.items()})
        r.zadd(f"langgraph:checkpoint:{p.thread}:versions", {p.checkpoint["ts"]: 0})
        p.checkpoint = checkpoint | {"id": p.checkpoint["ts"]}
        one = p.expected(writes=False, metadata={})
        one["ids"][2] = p.checkpoint["ts"]
        before = [e for e in expected if e["ids"][0] == p.thread]
        one["parent"] = before[-1]["ids"][2] if before else None
        expected.append(one)
    return expected


FIELDS_OF_2024 = {"v", "ts", "channel_values", "channel_versions", "versions_seen"}

# --- savers that a layout file describes --------------------------------------------------------------------------


def kubently(r):
    puts = puts_of(InMemorySaver)
    text = lambda data: base64.b64encode(data).decode()
    for p in puts:
        name = f"{p.thread}:{p.ns}"
        (c_type, c), (m_type, m) = SERDE.dumps_typed(p.bare()), SERDE.dumps_typed(p.metadata)
        fields = {"checkpoint_type": c_type, "checkpoint": text(c), "metadata_type": m_type, "metadata": text(m)}
        r.hset(f"kubently:ckpt:cp:{name}:{p.id}", mapping=fields | {"parent_id": p.parent or ""})
        r.zadd(f"kubently:ckpt:idx:{name}", {p.id: 0})
        values = p.checkpoint["channel_values"]
        for channel, version in p.new_versions(puts).items():
            b_type, b = SERDE.dumps_typed(values[channel]) if channel in values else ("empty", b"")
            r.hset(f"kubently:ckpt:blob:{name}:{channel}:{version}", mapping={"type": b_type, "data": text(b)})
        for (task, idx), (_, channel, value, path) in p.writes.items():
            w_type, w = SERDE.dumps_typed(value)
            payload = {"task_id": task, "idx": idx, "channel": channel, "type": w_type, "data": text(w), "task_path": path}
            r.hset(f"kubently:ckpt:wr:{name}:{p.id}", f"{task}\x1f{idx}", json.dumps(payload))
        r.sadd(f"kubently:ckpt:threadkeys:{p.thread}", f"kubently:ckpt:cp:{name}:{p.id}")
    return [p.expected() for p in puts]


def automa(r):
    puts = puts_of(InMemorySaver)
    q = lambda text: quote(str(text), safe="")
    for p in puts:
        thread = f"automa_ai:checkpoint:thread:{q(p.thread)}"
        ns = f"{thread}:ns:{q(p.ns)}"
        values = p.checkpoint["channel_values"]
        for channel, version in p.new_versions(puts).items():
            key = f"{ns}:blob:{q(channel)}:{q(version)}"
            if channel in values:
                b_type, b = SERDE.dumps_typed(values[channel])
                r.hset(key, mapping={"empty": "0", "type": b_type, "payload": b})
            else:
                r.hset(key, mapping={"empty": "1"})
        (c_type, c), (m_type, m) = SERDE.dumps_typed(p.bare()), SERDE.dumps_typed(p.metadata)
        fields = {"checkpoint_type": c_type, "checkpoint_payload": c, "metadata_type": m_type, "metadata_payload": m}
        r.hset(f"{ns}:cp:{q(p.id)}", mapping=fields | {"parent_checkpoint_id": p.parent or ""})
        r.zadd(f"{ns}:checkpoints", {p.id: 0})
        r.sadd("automa_ai:checkpoint:threads", p.thread)
        r.sadd(f"{thread}:namespaces", p.ns)
        for (task, idx), (_, channel, value, path) in p.writes.items():
            w_type, w = SERDE.dumps_typed(value)
            typed = {"type": w_type, "payload": base64.b64encode(w).decode()}
            item = {"idx": idx, "task_id": task, "channel": channel, "task_path": path, "value": typed}
            r.hset(f"{ns}:cp:{q(p.id)}:writes", f"{q(task)}:{idx}", json.dumps(item))
    return [p.expected() for p in puts]


def hex_json(r):
    """Metadata as plain JSON, the checkpoint as hex; writes under the thread alone, which nobody can place."""
    puts = puts_of(IntVersions, with_nested=False)
    for p in puts:
        kind, data = SERDE.dumps_typed(p.checkpoint)
        stored = {"type": kind, "data": data.hex(), "metadata": p.metadata}
        r.set(f"checkpoint:{p.thread}:{p.id}", json.dumps(stored), ex=86400)
        r.set(f"checkpoint:{p.thread}:latest", p.id, ex=86400)
        r.set(f"writes:{p.thread}:{uuid.uuid4()}", json.dumps([["log", ["x"]]]), ex=86400)
    return [p.expected(writes=False) for p in puts]


SAVERS = {
    "pickle-latest-triple": latest_triple,
    "pickle-channel-hash": channel_hash,
    "pickle-dict-ns": dict_ns,
    "pickle-dict": dict_plain,
    "pickle-dict of the latest": dict_latest,
    "pickle-bare": bare,
    "wrapped pickles": wrapped,
    "memory-snapshot of 2024": old_snapshot,
    "pickle-quoted": quoted,
    "pickle-pion": pion,
    "pickle-field-hash": field_hash,
    "kubently": kubently,
    "automa-ai": automa,
    "hex-json": hex_json,
}


def write(url):
    import redis

    made = {}
    for db, (name, store) in enumerate(SAVERS.items()):
        made[name] = {"db": db, "expected": store(redis.Redis.from_url(f"{url}/{db}"))}
    json.dump(made, sys.stdout)


def read(url):
    from langgraph.checkpoint.postgres import PostgresSaver

    found = []
    with PostgresSaver.from_conn_string(url) as saver:
        for given in saver.list(None):
            of = given.config["configurable"]
            checkpoint = {k: v for k, v in given.checkpoint.items() if k != "pending_sends" or v}
            found.append(
                {
                    "ids": [of["thread_id"], of["checkpoint_ns"], of["checkpoint_id"]],
                    "parent": given.parent_config["configurable"]["checkpoint_id"] if given.parent_config else None,
                    "checkpoint": canonical(checkpoint),
                    "metadata": canonical(given.metadata),
                    "writes": [[task, channel, canonical(value)] for task, channel, value in given.pending_writes or []],
                }
            )
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](sys.argv[2])
