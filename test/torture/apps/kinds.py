"""The graphs that race with a purge, one for each way in which the official Redis saver lays a thread out.

Each goes round: two nodes side by side, then `join`, again and again. `left` and `right` wait for their gates, so an invocation stands
still with its state loaded and its next write still to come, for as long as the race wants it to.
"""
import asyncio
import operator
from collections import defaultdict
from typing import Annotated, TypedDict

from langgraph.channels import DeltaChannel
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

ROUNDS = 8

# Thread → what its nodes wait for; a thread that has no entry waits for nothing.
gates = {}


class Gate:
    def __init__(self):
        self.opened = defaultdict(asyncio.Event)
        self.waiting = set()

    def open(self, *nodes):
        for node in nodes:
            self.opened[node].set()


async def passed(config, node):
    gate = gates.get(config["configurable"]["thread_id"])
    if gate is None:
        return
    gate.waiting.add(node)
    await gate.opened[node].wait()
    gate.waiting.discard(node)
    gate.opened[node].clear()


class Tally(TypedDict, total=False):
    log: Annotated[list, operator.add]
    n: int


def replayed(log, writes):
    return [*log, *(entry for write in writes for entry in write)]


class DeltaTally(TypedDict, total=False):
    log: Annotated[list, DeltaChannel(replayed, snapshot_frequency=5)]
    n: int


def node(name):
    async def run(state, config):
        await passed(config, name)
        return {"log": [f"{name} {state.get('n', 0)} " + "é€" * 20]}

    return run


def join(state):
    return {"log": ["join"], "n": state.get("n", 0) + 1}


def side_by_side(state_type, saver):
    g = StateGraph(state_type)
    g.add_node("left", node("left"))
    g.add_node("right", node("right"))
    g.add_node("join", join)
    g.add_edge(START, "left")
    g.add_edge(START, "right")
    g.add_edge(["left", "right"], "join")
    g.add_conditional_edges("join", lambda s: END if s.get("n", 0) >= ROUNDS else ["left", "right"], ["left", "right", END])
    return g.compile(checkpointer=saver)


def fan(saver):
    async def plan(state, config):
        await passed(config, "right")
        return {"log": [f"plan {state.get('n', 0)}"]}

    async def work(item, config):
        if item["k"] == 0:
            await passed(config, "left")
        return {"log": [f"item {item['k']} of {item['n']}"]}

    g = StateGraph(Tally)
    g.add_node("plan", plan)
    g.add_node("work", work)
    g.add_node("join", join)
    g.add_edge(START, "plan")
    g.add_conditional_edges("plan", lambda s: [Send("work", {"k": k, "n": s.get("n", 0)}) for k in range(3)], ["work"])
    g.add_edge("work", "join")
    g.add_conditional_edges("join", lambda s: END if s.get("n", 0) >= ROUNDS else "plan", ["plan", END])
    return g.compile(checkpointer=saver)


def nested(saver):
    inner = StateGraph(Tally)
    inner.add_node("left", node("left"))
    inner.add_node("right", node("right"))
    inner.add_edge(START, "left")
    inner.add_edge("left", "right")
    inner.add_edge("right", END)
    outer = StateGraph(Tally)
    outer.add_node("sub", inner.compile())
    outer.add_node("join", join)
    outer.add_edge(START, "sub")
    outer.add_edge("sub", "join")
    outer.add_conditional_edges("join", lambda s: END if s.get("n", 0) >= ROUNDS else "sub", ["sub", END])
    return outer.compile(checkpointer=saver)


GRAPHS = {
    "full": lambda saver: side_by_side(Tally, saver),
    "ttl": lambda saver: side_by_side(Tally, saver),
    "shallow": lambda saver: side_by_side(Tally, saver),
    "delta": lambda saver: side_by_side(DeltaTally, saver),
    "sends": fan,
    "nested": nested,
}
