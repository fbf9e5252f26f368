"""The rows that the official writer makes of a case, read from golden.pg.jsonl and loaded into an empty database.

Run by itself it takes `{"folder": case, "url": database}` on stdin.
"""

import base64
import collections
import json
import pathlib
import sys

import psycopg
from langgraph.checkpoint.postgres import PostgresSaver
from psycopg import sql
from psycopg.types.json import Jsonb

KEYS = {
    "checkpoints": ("thread_id", "checkpoint_ns", "checkpoint_id"),
    "checkpoint_blobs": ("thread_id", "checkpoint_ns", "channel", "version"),
    "checkpoint_writes": ("thread_id", "checkpoint_ns", "checkpoint_id", "task_id", "idx"),
}
CONTENT = {
    "checkpoint_blobs": ("type", "blob"),
    "checkpoint_writes": ("channel", "type", "blob", "task_path"),
}


def golden_rows(folder):
    """Rows by table, each a dict of columns; rows of other tables (migration numbers) are left to setup()."""
    rows = {table: [] for table in KEYS}
    for row in lines(folder / "golden.pg.jsonl"):
        table = row.pop("table")
        if row.get("blob") is not None:
            row["blob"] = base64.b64decode(row["blob"])
        if table == "checkpoint_writes":
            row.setdefault("task_path", "")
        if table in rows:
            rows[table].append(row)
    return rows


def load(url, rows):
    with PostgresSaver.from_conn_string(url) as saver:
        saver.setup()
    groups = collections.defaultdict(list)
    for table in rows:
        for row in rows[table]:
            values = [Jsonb(value) if isinstance(value, (dict, list)) else value for value in row.values()]
            groups[table, tuple(row)].append(values)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for (table, columns), values in groups.items():
            cursor.executemany(insert(table, columns), values)


def insert(table, columns):
    return sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING").format(
        sql.Identifier(table),
        sql.SQL(",").join(map(sql.Identifier, columns)),
        sql.SQL(",").join([sql.Placeholder()] * len(columns)),
    )


def lines(path):
    if not path.exists():
        return []
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


if __name__ == "__main__":
    order = json.load(sys.stdin)
    load(order["url"], golden_rows(pathlib.Path(order["folder"])))
