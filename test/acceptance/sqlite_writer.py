"""An application at work on a SQLite file: commits one thread after another, each a checkpoint with its writes, in one transaction."""
import json
import sqlite3
import sys
import threading
import time

path, template = sys.argv[1:]
connection = sqlite3.connect(path, check_same_thread=False)
connection.execute("PRAGMA journal_mode=WAL")
# So that the WAL is moved into the file over and over.
connection.execute("PRAGMA wal_autocheckpoint=8")
latest = "SELECT max(checkpoint_id) FROM writes WHERE thread_id = ? AND checkpoint_ns = ''"
(checkpoint_id,) = connection.execute(latest, (template,)).fetchone()
state = {"threads": 0, "stopped": False}
lock = threading.Lock()


def columns(table):
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "thread_id"]


def copy(table, thread_id):
    names = ", ".join(columns(table))
    where = "thread_id = ? AND checkpoint_ns = '' AND checkpoint_id = ?"
    connection.execute(
        f"INSERT INTO {table} (thread_id, {names}) SELECT ?, {names} FROM {table} WHERE {where}",
        (thread_id, template, checkpoint_id),
    )


def commit_one():
    copy("checkpoints", f"live-{state['threads']}")
    copy("writes", f"live-{state['threads']}")
    connection.commit()
    state["threads"] += 1


def work():
    while not state["stopped"]:
        with lock:
            commit_one()
        time.sleep(0.005)


commit_one()
worker = threading.Thread(target=work, daemon=True)
worker.start()
for line in sys.stdin:
    state["stopped"] = json.loads(line) == "stop"
    if state["stopped"]:
        worker.join()
    with lock:
        print(json.dumps(state["threads"]), flush=True)
