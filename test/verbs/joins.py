"""Graphs in which a node waits for two others, on the official SqliteSaver in FILE. Prints what their next nodes are: {thread: [node]}."""
import json
import operator
import sys
from typing import Annotated, TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph


class State(TypedDict):
    log: Annotated[list, operator.add]


def note(name):
    return lambda _: {"log": [name]}


def graph(saver, *, both=True, defer=False, names=("a", "ab"), **stop):
    builder = StateGraph(State)
    builder.add_node("start", note("start"))
    for name in names:
        builder.add_node(name, note(name))
    builder.add_node("sum", note("sum"), defer=defer)
    builder.add_edge(START, "start")
    # Where only one of them runs, the other is never there and the node never runs. Of two, one name holds the other.
    builder.add_conditional_edges("start", lambda _: list(names) if both else names[1], list(names))
    builder.add_edge(list(names), "sum")
    builder.add_edge("sum", END)
    return builder.compile(checkpointer=saver, **stop)


LONG = ("x" * 40, "übersicht + rest")
before = {"interrupt_before": ["sum"]}
with SqliteSaver.from_conn_string(sys.argv[1]) as saver:
    next_nodes = {}
    for thread, options in {
        "done": {},
        "waits": before,
        "one of two": {"both": False},
        "deferred, done": {"defer": True},
        "deferred, waits": {"defer": True, **before},
        "long, done": {"names": LONG},
        "long, waits": {"names": LONG, **before},
    }.items():
        app = graph(saver, **options)
        config = {"configurable": {"thread_id": thread}}
        app.invoke({"log": []}, config)
        next_nodes[thread] = list(app.get_state(config).next)
    print(json.dumps(next_nodes))
