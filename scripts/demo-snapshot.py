"""Fills a Redis with what a small shop's support agent left there: the savers and the graphs are real, the model is a list of answers.

    demo-snapshot.py REDIS_URL

Threads of langgraph-checkpoint-redis, one of them waiting for a human; one that an earlier saver pickled; one that is broken.
"""
import pickle
import sys
from typing import Annotated, TypedDict

import redis
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.redis import RedisSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import interrupt

TALKS = {
    "maria-4711": [
        ("Hi, my espresso machine arrived with a broken tank.", "I am sorry! Order 4711 is yours, right? I can send a new tank today."),
        ("Yes please. Does it cost anything?", "No. It ships this afternoon; tracking follows by mail."),
        ("Great, thank you!", "You are welcome. Enjoy the coffee ☕"),
    ],
    "naoki-0815": [
        ("注文はいつ届きますか?", "ご注文 0815 は明日お届けします。"),
        ("ありがとう!", "どういたしまして。"),
    ],
    "web/anonymous:42": [("Do you ship to Iceland?", "Yes, in five days, for 12 €.")],
}
REFUND = ("The grinder is too loud, I want my money back.", "I can refund 189.00 € for order 1042.")


class State(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    approved: bool


def agent(answers):
    def answer(state):
        return {"messages": [AIMessage(answers[len([m for m in state["messages"] if m.type == "human"]) - 1])]}

    return answer


def approve(state):
    return {"approved": interrupt({"refund": "189.00 €", "order": "1042", "question": "Approve this refund?"})}


def graph(saver, answers, with_approval=False):
    build = StateGraph(State).add_node("agent", agent(answers)).add_edge(START, "agent")
    if with_approval:
        build = build.add_node("approve", approve).add_edge("agent", "approve").add_edge("approve", END)
    return build.compile(checkpointer=saver)


def talk(saver, thread, turns, with_approval=False):
    app = graph(saver, [answer for _, answer in turns], with_approval)
    for question, _ in turns:
        app.invoke({"messages": [HumanMessage(question)]}, {"configurable": {"thread_id": thread}})


def main():
    url = sys.argv[1]
    saver = RedisSaver(redis_url=url)
    saver.setup()
    for thread, turns in TALKS.items():
        talk(saver, thread, turns)
    talk(saver, "refund-1042", [REFUND], with_approval=True)

    client = redis.Redis.from_url(url, protocol=2)
    memory = InMemorySaver()
    talk(memory, "legacy-2024", [("Is the old grinder still sold?", "No, its successor is quieter."), ("Thanks.", "Any time.")])
    for found in memory.list({"configurable": {"thread_id": "legacy-2024"}}):
        key = f"checkpoint:legacy-2024:{found.checkpoint['id']}"
        client.set(key, pickle.dumps(CheckpointTuple(found.config, found.checkpoint, found.metadata, found.parent_config, [])))
    whole = client.get(key)
    # Somebody's disk was full in the middle of a write.
    client.set("checkpoint:legacy-2023:1ef0a0a0-0000-6000-8000-000000000001", whole[: len(whole) // 2])


main()
