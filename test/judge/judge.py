"""Compares a migrated database with the rows the official writer makes, both read by the official PostgresSaver.

Takes a JSON list on stdin, of each case: `folder`, `types` (folder of its user classes), `migrated` and `golden` (URLs; the
golden database is the same for all and made empty before each), `schema` of the migrated tables. Prints the list of verdicts:
see judge.ts, which owns their shape. What is accepted although it differs is counted under the name of its rule.
"""

import collections
import json
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore")
import psycopg
from langgraph.checkpoint.postgres import PostgresSaver
from psycopg import sql

from canonical import canonical
from golden import CONTENT, KEYS, golden_rows, lines, load

ABSENT = "<absent>"
# Savers that do not store parents: a parent rebuilt from the order of checkpoints is more than the official copy has.
WITHOUT_PARENTS = {"f6", "c3-base64"}
SHOWN = 40


def main():
    json.dump([verdict_on(order) for order in json.load(sys.stdin)], sys.stdout)


def verdict_on(order):
    sys.modules.pop("corpus_types", None)  # each family of cases has one of that name
    sys.path.insert(0, order["types"])
    folder = pathlib.Path(order["folder"])
    rows = golden_rows(folder)
    with psycopg.connect(order["golden"]) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    load(order["golden"], rows)
    migrated_url = f"{order['migrated']}?options=-csearch_path%3D{order['schema']}"

    case = Case(folder)
    golden = {key: case.normal(state) for key, state in read(order["golden"]).items()}
    migrated = {key: case.normal(state) for key, state in read(migrated_url).items()}
    verdict = compare(case, golden, migrated)
    verdict.update(compare_rows(case, rows, migrated_url, verdict["differences"]))
    verdict["differences"] = verdict["differences"][:SHOWN]
    sys.path.remove(order["types"])
    return verdict


class Case:
    """What the case says about its own data beside the golden rows."""

    def __init__(self, folder):
        self.name = folder.name
        counts = folder / "counts.json"
        # Integer versions become strings whose suffix is free: then only the integer part can be compared.
        self.int_versions = counts.exists() and bool(json.loads(counts.read_text()).get("int_versions"))
        self.refused = {key_of(line) for line in lines(folder / "refused.jsonl")}
        self.expected, self.odd = {}, set()
        for line in lines(folder / "expected.jsonl"):
            if "oddity" in line:
                self.odd.add(key_of(line))
            self.expected[key_of(line)] = {
                "checkpoint": line["checkpoint"],
                "metadata": line["metadata"],
                "parent": line["parent_checkpoint_id"],
                # `stored_writes` are in Redis although the saver does not return them.
                "writes": line.get("stored_writes") or line.get("pending_writes", []),
            }

    def normal(self, state):
        if self.int_versions:
            checkpoint = state["checkpoint"]
            seen = checkpoint.get("versions_seen", {})
            checkpoint["channel_versions"] = integers(checkpoint.get("channel_versions", {}))
            checkpoint["versions_seen"] = {node: integers(versions) for node, versions in seen.items()}
        return state

    def rule_for(self, key, path, value):
        """Name of the rule that accepts `value` at `path` of a checkpoint, or None."""
        if path == ("parent",) and self.name in WITHOUT_PARENTS:
            return "parent-rebuilt"
        if key in self.expected and at(self.expected[key], path) == value:
            return "as-in-redis"
        return None


def compare(case, golden, migrated):
    accepted = collections.Counter()
    differences = []
    missing = sorted(golden.keys() - migrated.keys())
    left_out = [key for key in missing if key in case.odd]
    missing = [key for key in missing if key not in case.odd]
    extra = sorted(migrated.keys() - golden.keys() - case.refused)
    differences += [{"kind": "missing", "key": key} for key in missing]
    differences += [{"kind": "extra", "key": key} for key in extra]
    differing = 0
    for key in sorted(golden.keys() & migrated.keys()):
        wrong = []
        for path, ours, theirs in difference(golden[key], migrated[key]):
            rule = case.rule_for(key, path, theirs)
            if rule:
                accepted[rule] += 1
            else:
                where = "/" + "/".join(map(str, path))
                wrong.append({"kind": "differing", "key": key, "path": where, "golden": cut(ours), "migrated": cut(theirs)})
        differing += bool(wrong)
        differences += wrong
    return {
        "golden": len(golden),
        "equal": len(golden) - len(missing) - len(left_out) - differing,
        "leftOut": len(left_out),
        "better": sum(accepted.values()),
        "accepted": dict(accepted),
        "beyond": len(migrated.keys() & case.refused),
        "missing": len(missing),
        "extra": len(extra),
        "differing": differing,
        "differences": differences,
    }


def compare_rows(case, rows, migrated_url, differences):
    with psycopg.connect(migrated_url) as connection:
        found = {table: table_rows(connection, table) for table in CONTENT}
    writes, ours = found["checkpoint_writes"], content_of(rows, "checkpoint_writes")
    differences += [{"kind": "write row missing", "key": key} for key in sorted(ours.keys() - writes.keys())]
    differences += [{"kind": "write row extra", "key": key} for key in sorted(writes.keys() - ours.keys())]
    blobs = {} if case.int_versions else content_of(rows, "checkpoint_blobs")  # their keys hold the version
    return {
        "blobs": len(blobs),
        "blobsByteEqual": same(blobs, found["checkpoint_blobs"]),
        "writes": len(ours),
        "writesByteEqual": same(ours, writes),
        "writeRowsMissing": len(ours.keys() - writes.keys()),
        "writeRowsExtra": len(writes.keys() - ours.keys()),
    }


def same(wanted, found):
    return sum(found.get(key) == content for key, content in wanted.items())


def read(url):
    """Every checkpoint as the official saver returns it, in canonical form, without what only Redis keeps in it."""
    states = {}
    with PostgresSaver.from_conn_string(url) as saver:
        for found in saver.list(None):
            checkpoint = {name: value for name, value in found.checkpoint.items() if name != "type"}
            if not checkpoint.get("pending_sends"):
                checkpoint.pop("pending_sends", None)
            parent = (found.parent_config or {}).get("configurable", {}).get("checkpoint_id")
            states[key_of(found.config["configurable"])] = {
                "checkpoint": canonical(checkpoint),
                "metadata": canonical({name: value for name, value in found.metadata.items() if name != "writes"}),
                "parent": parent,
                "writes": [[task, channel, canonical(value)] for task, channel, value in found.pending_writes or []],
            }
    return states


def content_of(rows, table):
    """Primary key to what is compared of the row."""
    return {tuple(row[name] for name in KEYS[table]): tuple(row[name] for name in CONTENT[table]) for row in rows[table]}


def table_rows(connection, table):
    width = len(KEYS[table])
    columns = sql.SQL(",").join(map(sql.Identifier, KEYS[table] + CONTENT[table]))
    found = connection.execute(sql.SQL("SELECT {} FROM {}").format(columns, sql.Identifier(table)))
    return {row[:width]: row[width:] for row in found}


def difference(golden, migrated, path=()):
    """The places where two canonical values differ: (path, golden, migrated) each."""
    if type(golden) is type(migrated) is dict:
        for name in sorted(golden.keys() | migrated.keys()):
            yield from difference(golden.get(name, ABSENT), migrated.get(name, ABSENT), (*path, name))
    elif type(golden) is type(migrated) is list and len(golden) == len(migrated):
        for index, pair in enumerate(zip(golden, migrated)):
            yield from difference(*pair, (*path, index))
    elif type(golden) is not type(migrated) or golden != migrated:
        yield path, golden, migrated


def at(value, path):
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return value


def integers(versions):
    return {channel: integer_of(version) for channel, version in versions.items()}


def integer_of(version):
    whole = version.split(".")[0] if isinstance(version, str) else ""
    return int(whole) if whole.isdigit() else version


def key_of(fields):
    return fields["thread_id"], fields["checkpoint_ns"], fields["checkpoint_id"]


def cut(value):
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 160 else text[:160] + "…"


main()
