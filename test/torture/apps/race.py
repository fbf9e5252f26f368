"""An application whose real graphs are on their way while something else deletes their keys: one JSON question a line, one answer a line.

    race.py REDIS_URL POSTGRES_URL

    {"do": "begin", "threads": {thread: kind}}        starts a graph on each, up to where it waits; how many wait
    {"do": "race", "acts": [[thread, act, ms]...]}    each thread does its act so many ms from now; an error, if one came
    {"do": "settle", "threads": [...]}                these stop where they are, as a process that dies does
    {"do": "check"}                                   what the savers do not have of all that was ever written
    {"do": "go-on", "on": "redis"|"postgres", "threads": [...]}   resumes them there and in memory, a step each; where they stand differently
    {"do": "forget", "threads": [...]}                these are no longer looked at

Acts: go (a step ends: its writes and a new checkpoint), write (one of two tasks ends: its writes alone), touch (a read renews the TTL),
update (loads the thread anew and adds a checkpoint).
"""
import asyncio
import json
import random
import sys
import traceback

from compare import differences
from kinds import GRAPHS, Gate, gates
from shadow import SAVERS, doubtful, memory, torn, unrecorded

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

running = {}
kinds = {}
graphs = {}
in_memory = {}
finals = {}


def cfg(thread):
    return {"configurable": {"thread_id": thread}, "recursion_limit": 200}


async def suspended(thread, nodes=1):
    """The graph of the thread waits at its gates, or has come to its end."""
    gate, task = gates[thread], running[thread]
    while len(gate.waiting) < nodes and not task.done():
        await asyncio.sleep(0.001)
    if task.done() and task.exception():
        raise task.exception()


async def begin(q):
    slots = asyncio.Semaphore(12)

    async def start(thread, kind):
        async with slots:
            kinds[thread] = kind
            gates[thread] = Gate()
            given = {"log": [f"begun {thread}"], "n": 0}
            running[thread] = asyncio.create_task(graphs[kind].ainvoke(given, cfg(thread), durability="sync"))
            await suspended(thread)

    await asyncio.gather(*(start(thread, kind) for thread, kind in q["threads"].items()))
    return len(q["threads"])


async def act(thread, what):
    kind, gate = kinds[thread], gates[thread]
    if what == "touch":
        await SAVED[kind].aget_tuple(cfg(thread))
    elif what == "update":
        await graphs[kind].aupdate_state(cfg(thread), {"log": ["from outside"]}, as_node="join")
    elif what == "write" and kind in ("full", "ttl", "shallow", "delta") and {"left", "right"} <= gate.waiting:
        gate.open("left")
        while "left" in gate.waiting:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
    else:
        waiting = set(gate.waiting)
        gate.open(*waiting)
        await asyncio.sleep(0.002)
        await suspended(thread)


async def race(q):
    errors = []
    # No more at once than an application has connections for: on a busy machine the others come later.
    slots = asyncio.Semaphore(16)
    start = asyncio.get_running_loop().time()

    async def later(thread, what, ms):
        await asyncio.sleep(max(0, start + ms / 1000 - asyncio.get_running_loop().time()))
        try:
            async with slots:
                await act(thread, what)
        except TimeoutError:
            doubtful.setdefault(thread, set()).add("")  # a busy machine: it does not know what came of it
        except Exception as error:
            if "Timeout" in repr(error):
                doubtful.setdefault(thread, set()).add("")
                return
            errors.append(f"{thread} {what}: {type(error).__name__} {error}")

    await asyncio.gather(*(later(*entry) for entry in q["acts"]))
    return errors


async def settle(q):
    for thread in q["threads"]:
        gates.pop(thread, None)
        if task := running.pop(thread, None):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def check(q):
    return await differences(memory, torn, doubtful, kinds, SAVED, stores["postgres"])


async def next_of(graph, thread):
    """One step further: what waited is run, with what was written of it."""
    # Whatever is saved at the exit alone has no writes, and format 3 has its Sends there.
    values = await graph.ainvoke(None, cfg(thread), durability="sync", interrupt_after="*")
    state = await graph.aget_state(cfg(thread))
    return json.loads(json.dumps({"values": values, "state": state.values, "next": list(state.next)}, default=repr))


def in_any_order(end):
    """The Redis saver replays the writes of a step in the order of random ids, the others in that of their tasks."""
    return {**end, "values": sorted(end["values"]["log"]), "state": sorted(end["state"]["log"])}


async def go_on(q):
    differ = []
    for thread in q["threads"]:
        if thread in torn or doubtful.get(thread):
            continue  # what the application itself has written is not what it had, or it does not know
        kind = kinds[thread]
        graph = graphs[kind] if q["on"] == "redis" else on_postgres[kind]
        try:
            if thread not in finals:
                finals[thread] = await next_of(in_memory[kind], thread)
            unrecorded.add(thread)
            there = await next_of(graph, thread)
            wanted = finals[thread]
            if kind == "delta" and q["on"] == "redis":
                there, wanted = in_any_order(there), in_any_order(wanted)
            if there != wanted:
                differ.append({"thread": thread, "kind": kind, "there": there, "memory": wanted})
        except Exception as error:
            differ.append({"thread": thread, "kind": kind, "error": f"{type(error).__name__}: {error}"})
    return differ


async def forget(q):
    """Of these threads nothing was ever written."""
    await settle(q)
    for thread in q["threads"]:
        memory.delete_thread(thread)
        kinds.pop(thread, None)
        finals.pop(thread, None)
        torn.pop(thread, None)
        doubtful.pop(thread, None)
        unrecorded.discard(thread)


DO = {"begin": begin, "race": race, "settle": settle, "check": check, "go-on": go_on, "forget": forget}
SAVED, stores, on_postgres = {}, {}, {}


async def main():
    redis_url, postgres_url = sys.argv[1:]
    for kind, make in SAVERS.items():
        SAVED[kind] = await make(redis_url).__aenter__()
        graphs[kind] = GRAPHS[kind](SAVED[kind])
        in_memory[kind] = GRAPHS[kind](memory)
    async with AsyncPostgresSaver.from_conn_string(postgres_url) as postgres:
        stores["postgres"] = postgres
        on_postgres.update({kind: GRAPHS[kind](postgres) for kind in SAVERS})
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            question = json.loads(line)
            try:
                answer = {"answer": await DO[question["do"]](question)}
            except Exception:
                answer = {"error": traceback.format_exc()[-3000:]}
            print(json.dumps(answer, default=repr), flush=True)


asyncio.run(main())
