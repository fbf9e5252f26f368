"""An application that writes through the official savers, and remembers all of it in the official in-memory saver: one JSON question a line.

    model.py REDIS_URL POSTGRES_URL

    {"do": "put", "thread": T, "kind": "full"|"shallow", "ns": NS, "back": N}   a checkpoint on top of the N-th newest that Redis has
    {"do": "writes", "thread": T, "kind": K, "ns": NS, "back": N, "again": bool}   pending writes on it; again: once more by the same task
    {"do": "expire", "thread": T, "kind": K, "ns": NS, "back": N}                   its keys come to their time, as with a TTL
    {"do": "go-on", "thread": T, "ns": NS}                                        a checkpoint on top of what Postgres has
    {"do": "look"}       of every checkpoint ever written: is it in Redis, is it in Postgres, equal or not
    {"do": "forget"}     nothing was ever written

The first three answer with the ids of the checkpoints they were about, or null where there was nothing to do.
"""
import json
import sys
import traceback

from compare import described, ids_of
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.redis import RedisSaver
from langgraph.checkpoint.redis.shallow import ShallowRedisSaver

memory = InMemorySaver()
kinds = {}
counter = 0


def config(thread, ns, id=None):
    return {"configurable": {"thread_id": thread, "checkpoint_ns": ns, **({"checkpoint_id": id} if id else {})}}


def keys(pattern):
    return [key.decode() for key in client.scan_iter(match=pattern, count=1000)]


def ids_on_redis(thread, ns):
    """Newest first, as far as the application may build on them."""
    if kinds[thread] == "shallow":
        found = savers["shallow"].get_tuple(config(thread, ns))
        return [found.config["configurable"]["checkpoint_id"]] if found else []
    there = {key.rsplit(":", 1)[1] for key in keys(f"checkpoint:{thread}:{ns or '__empty__'}:*")}
    return sorted((id for id in memory.storage[thread][ns] if id in there), reverse=True)


def chosen(q):
    ids = ids_on_redis(q["thread"], q["ns"])
    return ids[q.get("back", 0) % len(ids)] if ids else None


def put_on(saver, thread, ns, parent_id):
    global counter
    counter += 1
    parent = memory.get_tuple(config(thread, ns, parent_id)) if parent_id else None
    checkpoint = empty_checkpoint()
    versions = dict(parent.checkpoint["channel_versions"]) if parent else {}
    values = dict(parent.checkpoint["channel_values"]) if parent else {}
    new = {}
    for channel, value in {
        "n": counter,
        "log": [*values.get("log", []), f"{thread} {counter} é€"],
        **({"seldom": {"deep": [counter, 1.5, None, "x" * 300]}} if counter % 3 == 0 else {}),
    }.items():
        new[channel] = versions[channel] = saver.get_next_version(versions.get(channel), None)
        values[channel] = value
    checkpoint.update(id=str(uuid6()), channel_versions=versions, channel_values=values, versions_seen={"__input__": {}})
    metadata = {"source": "loop", "step": parent.metadata["step"] + 1 if parent else -1, "parents": {}}
    on = config(thread, ns, parent_id)
    saver.put(on, checkpoint, metadata, new)
    memory.put(on, checkpoint, metadata, new)
    return [ns, checkpoint["id"]]


def put(q):
    kinds.setdefault(q["thread"], q["kind"])
    return put_on(savers[q["kind"]], q["thread"], q["ns"], chosen(q))


def go_on(q):
    found = savers["postgres"].get_tuple(config(q["thread"], q["ns"]))
    if found is None or q["thread"] not in kinds:
        return None
    return put_on(savers["postgres"], q["thread"], q["ns"], found.config["configurable"]["checkpoint_id"])


def writes(q):
    global counter
    kinds.setdefault(q["thread"], q["kind"])
    if (id := chosen(q)) is None:
        return None
    counter += 1
    # A task that is asked again has its answer rewritten in place.
    given = [("__resume__", [f"answer {counter}"])] if q["again"] else [("n", counter), ("log", [f"write {counter}"])]
    task = f"{7 if q['again'] else counter:08}-1111-1111-1111-111111111111"
    on = config(q["thread"], q["ns"], id)
    savers[q["kind"]].put_writes(on, given, task)
    memory.put_writes(on, given, task)
    return [q["ns"], id]


def expire(q):
    if q["thread"] not in kinds or (id := chosen(q)) is None:
        return None
    ns = q["ns"]
    place = f"{q['thread']}:{ns}" if kinds[q["thread"]] == "shallow" else f"{q['thread']}:{ns or '__empty__'}:{id}"
    gone = [f"checkpoint:{place}", *keys(f"checkpoint_write:{q['thread']}:{ns or '__empty__'}:{id}:*")]
    for key in gone:
        client.pexpire(key, 1)
    while any(client.exists(key) for key in gone):
        pass
    return [ns, id]


def on_redis(thread, ns, id, with_parent):
    saver = savers[kinds[thread]]
    if id not in ids_on_redis(thread, ns):
        return None
    found = saver.get_tuple(config(thread, ns, id))
    if found is None or found.config["configurable"]["checkpoint_id"] != id:
        return None
    # Found by their keys: the saver hides writes where `put` overtook `put_writes`.
    pending = []
    for key in keys(f"checkpoint_write:{thread}:{ns or '__empty__'}:{id}:*"):
        doc = client.json().get(key)
        pending.append((doc["task_id"], doc["channel"], saver.serde.loads_typed((doc["type"], saver._decode_blob(doc["blob"])))))
    return described(found._replace(pending_writes=pending), with_parent)


def look(q):
    seen = []
    for thread, kind in kinds.items():
        with_parent = kind != "shallow"
        there = {}
        for found in savers["postgres"].list({"configurable": {"thread_id": thread}}):
            c = found.config["configurable"]
            there[(c["checkpoint_ns"], c["checkpoint_id"])] = described(found, with_parent)
        for ns, id in ids_of(memory, thread):
            wanted = described(memory.get_tuple(config(thread, ns, id)), with_parent)
            redis = on_redis(thread, ns, id, with_parent)
            postgres = there.get((ns, id))
            state = lambda found: "absent" if found is None else "equal" if found == wanted else "other"
            entry = {"thread": thread, "ns": ns, "id": id, "redis": state(redis), "postgres": state(postgres)}
            if "other" in (entry["redis"], entry["postgres"]):
                entry["values"] = {"memory": wanted, "redis": redis, "postgres": postgres}
            seen.append(entry)
    return seen


def forget(q):
    for thread in kinds:
        memory.delete_thread(thread)
    kinds.clear()


DO = {"put": put, "writes": writes, "expire": expire, "go-on": go_on, "look": look, "forget": forget}
redis_url, postgres_url = sys.argv[1:]
with (
    RedisSaver.from_conn_string(redis_url) as full,
    ShallowRedisSaver.from_conn_string(redis_url) as shallow,
    PostgresSaver.from_conn_string(postgres_url) as postgres,
):
    full.setup()
    shallow.setup()
    savers = {"full": full, "shallow": shallow, "postgres": postgres}
    client = full._redis
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = {"answer": DO[question["do"]](question)}
        except Exception:
            answer = {"error": traceback.format_exc()[-3000:]}
        print(json.dumps(answer, default=repr), flush=True)
