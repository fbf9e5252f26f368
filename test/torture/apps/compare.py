"""What the official savers have of all that was ever written, compared by value with the official in-memory saver."""
import base64
import json

TASKS = "__pregel_tasks"


def plain(value):
    """Savers give tuples or lists, and objects of their own: as JSON they are alike."""
    return json.loads(json.dumps(value, default=lambda v: repr(v), sort_keys=True))


def described(tuple_, with_parent=True, doubtful=()):
    """All of a checkpoint that a user could miss. Of versions the integer: two values under one version have two strings in Postgres."""
    checkpoint = tuple_.checkpoint
    versions = {
        channel: int(str(version).split(".")[0])
        for channel, version in checkpoint["channel_versions"].items()
        if channel != TASKS
    }
    values = {channel: value for channel, value in checkpoint["channel_values"].items() if value != [] or channel != TASKS}
    return plain(
        {
            "parent": (tuple_.parent_config or {}).get("configurable", {}).get("checkpoint_id") if with_parent else None,
            "values": values,
            "versions": versions,
            "metadata": {k: v for k, v in tuple_.metadata.items() if k != "writes"},
            "writes": sorted(json.dumps([t, c, plain(v)], sort_keys=True) for t, c, v in tuple_.pending_writes or [] if t not in doubtful),
        }
    )


def ids_of(memory, thread):
    return [(ns, id) for ns, saved in memory.storage[thread].items() for id in saved]


def config_of(thread, ns, id=None):
    return {"configurable": {"thread_id": thread, "checkpoint_ns": ns, **({"checkpoint_id": id} if id else {})}}


async def redis_writes(saver, thread, ns, id):
    """Found by their keys: the saver hides writes where `put` overtook `put_writes`."""
    client = saver._redis
    prefix = f"checkpoint_write:{thread}:{ns or '__empty__'}:{id}:"
    writes = []
    async for key in client.scan_iter(match=f"{prefix}*", count=5000):
        doc = await client.json().get(key)
        value = saver.serde.loads_typed((doc["type"], base64.b64decode(doc["blob"])))
        writes.append((doc["task_id"], doc["channel"], value))
    return writes


async def differences(memory, torn, doubtful, kinds, redis_savers, postgres):
    """Every checkpoint that is neither equal in Postgres nor equal in Redis, and in which way it is not."""
    lost = []
    for thread, kind in kinds.items():
        shallow = kind == "shallow"
        unsure = doubtful.get(thread, ())
        there = {}
        async for found in postgres.alist({"configurable": {"thread_id": thread}}):
            c = found.config["configurable"]
            there[(c["checkpoint_ns"], c["checkpoint_id"])] = described(found, not shallow, unsure)
        heads = {}
        if not ids_of(memory, thread):
            lost.append({"thread": thread, "kind": kind, "memory": "nothing was kept to compare with"})
        for ns, id in ids_of(memory, thread):
            heads[ns] = max(heads.get(ns, ""), id)
        for ns, id in ids_of(memory, thread):
            if shallow and id != heads[ns] and (ns, id) not in there:
                continue
            wanted = described(memory.get_tuple(config_of(thread, ns, id)), not shallow, unsure)
            for channel in torn.get(thread, {}).get(id, ()):
                wanted["values"].pop(channel, None)
            # Of a replaced checkpoint the shallow saver keeps what was migrated before.
            if there.get((ns, id)) == wanted or (shallow and id != heads[ns]):
                continue
            saver = redis_savers[kind]
            found = await saver.aget_tuple(config_of(thread, ns, id))
            # put_writes makes a document of its flag alone where the checkpoint is gone, and the saver takes that for one.
            if found is not None and "channel_versions" in found.checkpoint:
                found = found._replace(pending_writes=await redis_writes(saver, thread, ns, id))
                found = described(found, not shallow, unsure)
            else:
                found = None
            if found != wanted:
                lost.append({"thread": thread, "kind": kind, "ns": ns, "id": id, "memory": wanted, "postgres": there.get((ns, id)), "redis": found})
    return lost
