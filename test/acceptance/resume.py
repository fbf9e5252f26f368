"""Real compiled graphs that stop half-way on one saver and go on from another.

    resume.py setup  [redis|postgres] URL  only lets the official saver make its indexes or tables
    resume.py write  [redis|postgres] URL  runs every scenario through the official saver up to where it stops
    resume.py finish [redis|postgres] URL  goes on from what that store holds; prints {scenario: outcome} as JSON

An outcome is the final state, what is next, and the number of checkpoints, so two stores can be compared.
"""
import json
import operator
import sys
from typing import Annotated, TypedDict

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, Send, interrupt

FAIL_FIRST = {"on": False}


class Tally(TypedDict, total=False):
    log: Annotated[list, operator.add]
    n: int


def chat(saver):
    def ask(state):
        answer = interrupt({"question": "Refund €42?"})
        return {"messages": [AIMessage(f"you said {answer}", id=f"a{len(state['messages'])}")]}

    g = StateGraph(MessagesState)
    g.add_node("greet", lambda s: {"messages": [AIMessage("hello", id="g")]})
    g.add_node("ask", ask)
    g.add_node("bye", lambda s: {"messages": [AIMessage("bye", id="b")]})
    g.add_edge(START, "greet")
    g.add_edge("greet", "ask")
    g.add_edge("ask", "bye")
    return g.compile(checkpointer=saver)


def counting(saver, **stops):
    def step(state):
        return {"log": [f"n={state.get('n', 0)}"], "n": state.get("n", 0) + 1}

    g = StateGraph(Tally)
    g.add_node("step", step)
    g.add_node("check", lambda s: {"log": ["check"]})
    g.add_edge(START, "step")
    g.add_edge("step", "check")
    g.add_conditional_edges("check", lambda s: END if s["n"] >= 3 else "step")
    return g.compile(checkpointer=saver, **stops)


def failing(saver):
    def breaks(state):
        if FAIL_FIRST["on"]:
            raise ValueError("not now")
        return {"log": ["mended"]}

    g = StateGraph(Tally)
    g.add_node("good", lambda s: {"log": ["good"]})
    g.add_node("breaks", breaks)
    g.add_node("last", lambda s: {"log": ["last"]})
    g.add_edge(START, "good")
    g.add_edge(START, "breaks")
    g.add_edge(["good", "breaks"], "last")
    return g.compile(checkpointer=saver)


def nested(saver):
    def inner_ask(state):
        return {"log": [f"inner {interrupt('how many?')}"]}

    inner = StateGraph(Tally)
    inner.add_node("before", lambda s: {"log": ["before"]})
    inner.add_node("inner_ask", inner_ask)
    inner.add_edge(START, "before")
    inner.add_edge("before", "inner_ask")
    outer = StateGraph(Tally)
    outer.add_node("first", lambda s: {"log": ["first"]})
    outer.add_node("sub", inner.compile())
    outer.add_node("after", lambda s: {"log": ["after"]})
    outer.add_edge(START, "first")
    outer.add_edge("first", "sub")
    outer.add_edge("sub", "after")
    return outer.compile(checkpointer=saver)


def fan(saver):
    def work(item):
        return {"log": [f"item {item['k']} {interrupt(item['k']) if item['k'] == 2 else 'ok'}"]}

    g = StateGraph(Tally)
    g.add_node("plan", lambda s: {"log": ["plan"]})
    g.add_node("work", work)
    g.add_node("join", lambda s: {"log": ["join"]})
    g.add_edge(START, "plan")
    g.add_conditional_edges("plan", lambda s: [Send("work", {"k": k}) for k in range(4)], ["work"])
    g.add_edge("work", "join")
    return g.compile(checkpointer=saver)


def functional(saver):
    @task
    def double(x):
        return 2 * x

    @entrypoint(checkpointer=saver)
    def flow(x, *, previous=None):
        doubled = double(x).result()
        said = interrupt({"doubled": doubled})
        return {"sum": doubled + said, "previous": previous}

    return flow


def mutating(saver):
    def change(state):
        state["log"].append(f"in place {len(state['log'])}")
        return {"n": state.get("n", 0) + 1}

    g = StateGraph(TypedDict("State", {"log": list, "n": int}, total=False))
    g.add_node("change", change)
    g.add_node("again", lambda state: {"n": state["n"] + len(state["log"])})
    g.add_edge(START, "change")
    g.add_edge("change", "again")
    return g.compile(checkpointer=saver, interrupt_before=["again"])


def cfg(thread):
    return {"configurable": {"thread_id": thread}}


def begin(name, graph):
    """Runs the scenario up to where it stops."""
    c = cfg(name)
    if name.startswith("interrupted"):
        graph.invoke({"messages": [HumanMessage("hi", id="h")]}, c)
    elif name == "static":
        graph.invoke({"n": 0, "log": []}, c)
    elif name == "forked":
        graph.invoke({"n": 0, "log": []}, c)
        old = [s for s in graph.get_state_history(c) if s.next == ("check",)][-1]
        graph.update_state(old.config, {"n": 1, "log": ["forked"]})
    elif name == "failed":
        FAIL_FIRST["on"] = True
        try:
            graph.invoke({"log": []}, c)
        except ValueError:
            pass
        FAIL_FIRST["on"] = False
    elif name == "functional":
        graph.invoke(5, c)
    elif name == "mutated":
        # The checkpoint before the node is written before the node changes the list in it: two values under one version, always.
        graph.invoke({"log": ["start"]}, c, durability="sync")
    else:
        graph.invoke({"log": ["start"]}, c)


RESUME = {
    "interrupted": Command(resume="yes"),
    "interrupted:user:42": Command(resume="no"),
    "nested": Command(resume=7),
    "fan": Command(resume="late"),
    "functional": Command(resume=3),
}
SCENARIOS = {
    "interrupted": chat,
    "interrupted:user:42": chat,
    "static": lambda saver: counting(saver, interrupt_before=["check"]),
    "forked": counting,
    "failed": failing,
    "nested": nested,
    "fan": fan,
    "functional": functional,
    "mutated": mutating,
}


def plain(value):
    if hasattr(value, "model_dump"):
        return {k: plain(v) for k, v in value.model_dump().items()}
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def outcome(name, graph):
    c = cfg(name)
    before = graph.get_state(c)
    values = graph.invoke(RESUME.get(name), c)
    after = graph.get_state(c)
    return {
        "stood": plain(before.values),
        "waited for": list(before.next),
        "gave": plain(values),
        "ended": plain(after.values),
        "next": list(after.next),
        # The Redis saver lists the checkpoints of all namespaces.
        "checkpoints": sum(not s.config["configurable"].get("checkpoint_ns") for s in graph.get_state_history(c)),
    }


def main():
    does, *store, url = sys.argv[1:]
    if store != ["postgres"]:
        from langgraph.checkpoint.redis import RedisSaver as Saver
    else:
        from langgraph.checkpoint.postgres import PostgresSaver as Saver
    with Saver.from_conn_string(url) as saver:
        saver.setup()
        if does == "write":
            for name, build in SCENARIOS.items():
                begin(name, build(saver))
        elif does == "finish":
            print(json.dumps({name: outcome(name, build(saver)) for name, build in SCENARIOS.items()}))


main()
