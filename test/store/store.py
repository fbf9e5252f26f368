"""The official Python PostgresStore, asked line by line: {"do": …, "on": URL}.

    setup                                        its setup(); every table, column, index and number afterwards
    items                                        every item: namespace, key, value in canonical JSON, times
    of-file                                      the same of the official SqliteStore on a copy of a file
    embed {"keys": […]}                          puts them in a file, as an application whose SqliteStore embeds the text
    only-store                                   takes the saver's tables out of a file
    redis-setup {"item": P, "vector": P}         setup() of the official RedisStore with prefixes of its own
    expire {"key": K}                            puts one in a file that lives for a few milliseconds
    put {"ns": […], "key": K, "value": V}        as an application does
    delete {"ns": […], "key": K}
"""
import json
import sqlite3
import sys

import psycopg
from langgraph.store.postgres import PostgresStore
from langgraph.store.sqlite import SqliteStore

SHAPE = """
SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || coalesce(' ' || column_default, '')
FROM information_schema.columns WHERE table_schema = 'public' AND (table_name LIKE 'store%' OR table_name LIKE 'vector%')
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename LIKE 'store%'
UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'public.store'::regclass AND NOT tgisinternal
UNION ALL SELECT 'number ' || v FROM public.store_migrations ORDER BY 1
"""


def typed(v):
    """1, 1.0 and true are three things."""
    if isinstance(v, dict):
        return {k: typed(x) for k, x in v.items()}
    if isinstance(v, list):
        return [typed(x) for x in v]
    return {"$float": repr(v)} if isinstance(v, float) else {"$int": str(v)} if isinstance(v, int) and abs(v) > 2**53 else v


def items(store):
    return [
        {"namespace": list(i.namespace), "key": i.key, "value": typed(i.value),
         "created_at": i.created_at.isoformat(), "updated_at": i.updated_at.isoformat()}
        for i in store.search((), limit=10000, refresh_ttl=False)
    ]


INDEX = {"dims": 2, "embed": lambda texts: [[len(t), 0.5] for t in texts]}


class Connection(sqlite3.Connection):
    """Only a search by similarity needs sqlite-vec itself, which not every Python can load."""

    def enable_load_extension(self, _):
        pass

    def load_extension(self, _):
        pass


def of_file(q):
    connection = sqlite3.connect(q["on"], isolation_level=None, factory=Connection)
    store = SqliteStore(connection, index=INDEX if q["do"] == "embed" else None, ttl={})
    store.setup()
    match q["do"]:
        case "of-file":
            return items(store)
        case "only-store":
            connection.executescript("DROP TABLE checkpoints; DROP TABLE writes;")
        case "embed":
            for key in q["keys"]:
                store.put(("embedded",), key, {"text": key, "tags": ["a", "b"]}, index=["text", "tags[*]"])
        case "expire":
            store.put(("short",), q["key"], {"text": "gone soon"}, ttl=0.0001)
    connection.close()


def redis_setup(q):
    from langgraph.store.redis import RedisStore

    index = {"dims": 4, "embed": lambda texts: [[0.0] * 4 for _ in texts]}
    prefixes = {"store_prefix": q["item"], "vector_prefix": q["vector"]}
    with RedisStore.from_conn_string(q["on"], index=index, **prefixes) as store:
        store.setup()


def answer(q):
    if q["do"] == "redis-setup":
        return redis_setup(q)
    if q["do"] in ("of-file", "only-store", "embed", "expire"):
        return of_file(q)
    with PostgresStore.from_conn_string(q["on"]) as store:
        match q["do"]:
            case "setup":
                store.setup()
            case "put":
                store.put(tuple(q["ns"]), q["key"], q["value"])
            case "delete":
                store.delete(tuple(q["ns"]), q["key"])
            case "items":
                return items(store)
    with psycopg.connect(q["on"]) as c:
        return [row[0] for row in c.execute(SHAPE)]


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line)), sort_keys=True), flush=True)
