"""Data in the shapes that a chat graph (langgraph 1.2, MessagesState) leaves in Redis, thousands of checkpoints a second.

    generate.py LAYOUT REDIS_URL THREADS CHECKPOINTS BYTES

LAYOUT is a5 (langgraph-checkpoint-redis 0.5.2: documents, writes, pointer, index keys), b1 (the JavaScript RedisSaver 1.0.11: documents
that hold what changed, blobs, writes), c3 (the saver of LangGraph's how-to: hashes of msgpack) or f1 (PickleRedisSaver: pickled
CheckpointTuple, integer versions). A turn is three checkpoints: the input, the human message, the model's answer; BYTES is what
the state grows by at each checkpoint on average. The same arguments give the same data. Prints how much it wrote.
"""
import base64
import json
import pickle
import random
import sys
from datetime import datetime, timedelta, timezone

import redis

EPOCH = datetime(2026, 1, 5, tzinfo=timezone.utc)
# 100 ns ticks from the beginning of the Gregorian calendar to EPOCH, as UUIDs of version 6 count.
TICKS = int((EPOCH - datetime(1582, 10, 15, tzinfo=timezone.utc)).total_seconds()) * 10_000_000
VOCABULARY = "the refund order shipment was delayed by two days and we would like to know café naïve 東京 €42 ✓ agent called find_order with id".split()


def hexid(rnd, head=""):
    digits = head + f"{rnd.getrandbits(4 * (32 - len(head))):0{32 - len(head)}x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def checkpoint_id(rnd, ticks, step):
    time = f"{ticks:015x}"
    return hexid(rnd, f"{time[:12]}6{time[12:]}{0x8000 | (step & 0x3FFF):04x}")


def turns(rnd, checkpoints, start):
    """kind, step, id, ISO time and version number of each checkpoint, oldest first."""
    ticks = TICKS + start * 10_000_000
    for at in range(checkpoints):
        ticks += rnd.randrange(20_000, 90_000) if at % 3 else rnd.randrange(50_000_000, 900_000_000)
        when = EPOCH + timedelta(microseconds=(ticks - TICKS) // 10)
        yield ("input", "human", "ai")[at % 3], at - 1, checkpoint_id(rnd, ticks, at - 1), when.isoformat(), at + 1


class Text:
    """Slices of one long text: cheap to make, and compressible as texts are."""

    def __init__(self, length):
        rnd = random.Random(7)
        self.pool = " ".join(rnd.choices(VOCABULARY, k=max(50_000, length // 4)))
        self.length = max(20, length)

    def __call__(self, rnd):
        at = rnd.randrange(max(1, len(self.pool) - self.length))
        return self.pool[at : at + self.length]


def envelope(name, **kwargs):
    return {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", name], "kwargs": kwargs}


def usage(rnd):
    used = {"input_tokens": rnd.randrange(50, 4000), "output_tokens": rnd.randrange(20, 900)}
    return {**used, "total_tokens": sum(used.values())}


def thread_a5(pipe, rnd, text, checkpoints, start):
    thread, parent, last = hexid(rnd), "", ""
    compact = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    messages, versions, seen, human = [], {}, {"__input__": {}}, None
    answer = None
    for kind, step, cid, ts, number in turns(rnd, checkpoints, start):
        version, task = f"{number:032}.{rnd.random():016}", hexid(rnd)
        values = {"messages": messages} if messages else {}
        writes, updated, source = [], ["messages"], "loop"
        if kind == "input":
            human = envelope("HumanMessage", content=text(rnd), type="human")
            values["__start__"] = {"messages": [human]}
            versions["__start__"] = version
            updated, source = ["__start__"], "input"
            writes = [("messages", "json", compact([human])), ("branch:to:model", "null", "")]
        elif kind == "human":
            seen = {**seen, "__start__": {"__start__": versions["__start__"]}}
            versions.update({"__start__": version, "messages": version, "branch:to:model": version})
            messages = [*messages, {**human, "kwargs": {**human["kwargs"], "id": hexid(rnd)}}]
            values = {"messages": messages, "branch:to:model": None}
            updated = ["branch:to:model", "messages"]
            about = {"model_name": "gpt-4o-mini", "finish_reason": "stop", "score": rnd.random()}
            answer = envelope("AIMessage", content=text(rnd), response_metadata=about, type="ai", usage_metadata=usage(rnd), tool_calls=[], invalid_tool_calls=[])
            writes = [("messages", "json", compact([answer]))]
        else:
            seen = {**seen, "model": {"branch:to:model": versions["branch:to:model"]}}
            versions.update({"messages": version, "branch:to:model": version})
            messages = [*messages, {**answer, "kwargs": {**answer["kwargs"], "id": hexid(rnd)}}]
            values = {"messages": messages}
        document = {
            "thread_id": thread, "run_id": "", "checkpoint_ns": "__empty__", "checkpoint_id": cid, "parent_checkpoint_id": parent,
            "checkpoint_ts": 1.5e12 + number,
            "checkpoint": {
                "type": "json", "v": 4, "ts": ts, "id": cid, "channel_values": values, "channel_versions": dict(versions),
                "versions_seen": seen, "updated_channels": updated, "pending_sends": [],
            },
            "metadata": compact({"source": source, "step": step, "parents": {}}),
            "has_writes": bool(writes), "source": source, "step": step,
        }
        last = f"checkpoint:{thread}:__empty__:{cid}"
        pipe.execute_command("JSON.SET", last, "$", compact(document))
        names = {}
        for idx, (channel, serde, body) in enumerate(writes):
            name = f"checkpoint_write:{thread}:__empty__:{cid}:{task}:{idx}"
            names[name] = idx
            write = {
                "thread_id": thread, "checkpoint_ns": "__empty__", "checkpoint_id": cid, "task_id": task,
                "task_path": "~__pregel_pull, " + ("__start__" if kind == "input" else "model"), "idx": idx, "channel": channel,
                "type": serde, "blob": base64.b64encode(body.encode()).decode(),
            }
            pipe.execute_command("JSON.SET", name, "$", compact(write))
        if names:
            pipe.zadd(f"write_keys_zset:{thread}:__empty__:{cid}", names)
        parent = cid
    pipe.set(f"checkpoint_latest:{thread}:__empty__", last)


def thread_f1(pipe, rnd, text, checkpoints, start):
    from langchain_core.messages import AIMessage, HumanMessage
    from langgraph.checkpoint.base import CheckpointTuple

    thread, parent = hexid(rnd), None
    config = lambda cid: {"configurable": {"thread_id": thread, "checkpoint_id": cid}}
    messages, versions, seen, human = [], {}, {"__input__": {}}, None
    for kind, step, cid, ts, number in turns(rnd, checkpoints, start):
        values = {"messages": messages} if messages else {}
        updated, source = ["messages"], "loop"
        if kind == "input":
            human = HumanMessage(text(rnd))
            values["__start__"] = {"messages": [human]}
            versions = {**versions, "__start__": number}
            updated, source = ["__start__"], "input"
        elif kind == "human":
            seen = {**seen, "__start__": {"__start__": versions["__start__"]}}
            versions = {"__start__": number, "messages": number, "branch:to:model": number}
            messages = [*messages, human.model_copy(update={"id": hexid(rnd)})]
            values = {"messages": messages, "branch:to:model": None}
            updated = ["branch:to:model", "messages"]
        else:
            seen = {**seen, "model": {"branch:to:model": versions["branch:to:model"]}}
            versions = {**versions, "messages": number, "branch:to:model": number}
            messages = [*messages, AIMessage(text(rnd), id=hexid(rnd), usage_metadata=usage(rnd))]
            values = {"messages": messages}
        checkpoint = {
            "v": 4, "ts": ts, "id": cid, "channel_values": values, "channel_versions": versions, "versions_seen": seen,
            "updated_channels": updated,
        }
        metadata = {"source": source, "step": step, "parents": {}}
        whole = CheckpointTuple(config(cid), checkpoint, metadata, config(parent) if parent else None, [])
        pipe.set(f"checkpoint:{thread}:{cid}", pickle.dumps(whole))
        parent = cid
    pipe.set(f"checkpoint_latest:{thread}", parent)


def thread_b1(pipe, rnd, text, checkpoints, start):
    thread, parent = hexid(rnd), None
    compact = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    message = lambda name, **kwargs: {"lc": 1, "type": "constructor", "id": ["langchain_core", "messages", name], "kwargs": kwargs}
    messages, versions, seen, human, answer = [], {}, {"__input__": {}}, None, None
    for kind, step, cid, ts, number in turns(rnd, checkpoints, start):
        task, changed = hexid(rnd), {}
        if kind == "input":
            human = message("HumanMessage", content=text(rnd), additional_kwargs={}, response_metadata={})
            changed = {"__start__": {"messages": [human]}}
            writes, source = [("messages", [human]), ("branch:to:model", None)], "input"
        elif kind == "human":
            seen = {**seen, "__start__": {"__start__": versions["__start__"]}}
            messages = [*messages, {**human, "kwargs": {**human["kwargs"], "id": hexid(rnd)}}]
            changed = {"messages": messages, "branch:to:model": None}
            answer = message("AIMessage", content=text(rnd), tool_calls=[], usage_metadata=usage(rnd), response_metadata={"score": rnd.random()})
            writes, source = [("messages", [answer])], "loop"
        else:
            seen = {**seen, "model": {"branch:to:model": versions["branch:to:model"]}}
            messages = [*messages, {**answer, "kwargs": {**answer["kwargs"], "id": hexid(rnd)}}]
            changed = {"messages": messages}
            writes, source = [], "loop"
        versions = {**versions, **{channel: number for channel in changed}}
        ids = {"thread_id": thread, "checkpoint_ns": "", "checkpoint_id": cid}
        document = {
            **ids, "checkpoint_ns": "__empty__", "parent_checkpoint_id": parent,
            "checkpoint": {"v": 4, "id": cid, "ts": ts, "channel_values": changed, "channel_versions": versions, "versions_seen": seen},
            "metadata": {"source": source, "step": step, "parents": {}}, "checkpoint_ts": 1_500_000_000_000 + number,
            "has_writes": "true" if writes else "false", "source": source, "step": step,
        }
        pipe.execute_command("JSON.SET", f"checkpoint:{thread}::{cid}", "$", compact(document))
        for channel, value in changed.items():
            blob = {**ids, "channel": channel, "version": str(number), "type": "json", "value": value}
            pipe.execute_command("JSON.SET", f"checkpoint_blob:{thread}::{channel}:{number}", "$", compact(blob))
        names = {}
        for idx, (channel, value) in enumerate(writes):
            name = f"checkpoint_write:{thread}::{cid}:{task}:{idx}"
            names[name] = idx
            write = {**ids, "task_id": task, "idx": idx, "channel": channel, "type": "json", "value": value, "timestamp": number, "global_idx": number + idx}
            pipe.execute_command("JSON.SET", name, "$", compact(write))
        if names:
            pipe.zadd(f"write_keys_zset:{thread}::{cid}", names)
        parent = cid


def thread_c3(pipe, rnd, text, checkpoints, start):
    from langchain_core.messages import AIMessage, HumanMessage

    thread, parent = hexid(rnd), ""
    messages, versions, seen, human, answer = [], {}, {"__input__": {}}, None, None
    for kind, step, cid, ts, number in turns(rnd, checkpoints, start):
        version, task = f"{number:032}.{rnd.random():016}", hexid(rnd)
        values, writes, source = {"messages": messages} if messages else {}, [], "loop"
        if kind == "input":
            human = HumanMessage(text(rnd))
            values["__start__"] = {"messages": [human]}
            versions = {**versions, "__start__": version}
            writes, source = [("messages", [human]), ("branch:to:model", None)], "input"
        elif kind == "human":
            seen = {**seen, "__start__": {"__start__": versions["__start__"]}}
            versions = {**versions, "__start__": version, "messages": version, "branch:to:model": version}
            messages = [*messages, human.model_copy(update={"id": hexid(rnd)})]
            values = {"messages": messages, "branch:to:model": None}
            answer = AIMessage(text(rnd), usage_metadata=usage(rnd))
            writes = [("messages", [answer])]
        else:
            seen = {**seen, "model": {"branch:to:model": versions["branch:to:model"]}}
            versions = {**versions, "messages": version, "branch:to:model": version}
            messages = [*messages, answer.model_copy(update={"id": hexid(rnd)})]
            values = {"messages": messages}
        checkpoint = {"v": 4, "ts": ts, "id": cid, "channel_values": values, "channel_versions": versions, "versions_seen": seen}
        serde, body = serializer().dumps_typed(checkpoint)
        metadata = json.dumps({"source": source, "step": step, "parents": {}})
        pipe.hset(f"checkpoint${thread}$${cid}", mapping={"checkpoint": body, "type": serde, "metadata": metadata, "checkpoint_id": cid, "parent_checkpoint_id": parent})
        for idx, (channel, value) in enumerate(writes):
            serde, body = serializer().dumps_typed(value)
            pipe.hset(f"writes${thread}$${cid}${task}${idx}", mapping={"channel": channel, "type": serde, "value": body})
        parent = cid


def serializer(made=[]):
    if not made:
        from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

        made.append(JsonPlusSerializer())
    return made[0]


def main():
    layout, url, threads, checkpoints, size = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
    write = {"a5": thread_a5, "b1": thread_b1, "c3": thread_c3, "f1": thread_f1}[layout]
    # Two of three checkpoints bring a message; the rest of a message is envelope.
    text = Text(int(size * 1.5) - 300)
    pipe = redis.Redis.from_url(url, protocol=2).pipeline(transaction=False)
    for at in range(threads):
        write(pipe, random.Random(f"{layout}/{at}"), text, checkpoints, at)
        if len(pipe) > 100 or checkpoints * size > 1_000_000:
            pipe.execute()
    pipe.execute()
    print(json.dumps({"threads": threads, "checkpoints": threads * checkpoints}))


main()
