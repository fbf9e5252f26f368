"""Lists every checkpoint through the official saver and reads each with get_tuple, so many times over, each on a connection of its own.

    pglite_look.py POSTGRES_URL TIMES
"""
import json
import sys

from langgraph.checkpoint.postgres import PostgresSaver

url, times = sys.argv[1], int(sys.argv[2])
counts = []
for _ in range(times):
    with PostgresSaver.from_conn_string(url) as saver:
        saver.setup()
        found = list(saver.list(None))
        assert all(saver.get_tuple(one.config).checkpoint["id"] == one.checkpoint["id"] for one in found)
        counts.append(len(found))
print(json.dumps(counts))
