"""The official prune(): keeps the latest checkpoint of each namespace of every thread that it does not refuse.

Arguments: the database's URL. Prints the threads that it refused as a JSON list.
"""

import json
import sys

import psycopg
from langgraph.checkpoint.postgres import PostgresSaver

url = sys.argv[1]
with psycopg.connect(url) as connection:
    threads = [row[0] for row in connection.execute("SELECT DISTINCT thread_id FROM checkpoints")]
refused = []
with PostgresSaver.from_conn_string(url) as saver:
    for thread in threads:
        try:
            saver.prune([thread])
        except NotImplementedError:
            refused.append(thread)
print(json.dumps(sorted(refused)))
