"""Canonical JSON for Python values, so that two values are equal exactly when their JSON is.

null, booleans, texts and lists stand for themselves, integers up to 2**53 too; everything else is an object with one
tag: {"$int": digits}, {"$float": repr}, {"$bytes": base64}, {"$tuple": [...]}, {"$set": [sorted]}, {"$map": [[key, value]
...sorted]} for a dict that is no plain JSON object, {"$obj": class, "state": fields}, {"$enum": class, "value": v},
{"$py": class, "items" or "repr": ...} for the rest. It is the form of `expected.jsonl`.
"""

import base64
import collections
import dataclasses
import enum
import json

EXACT = 2**53


def canonical(value):
    if isinstance(value, enum.Enum):
        return {"$enum": class_name(value), "value": canonical(value.value)}
    write = BUILT_IN.get(type(value))
    if write is not None:
        return write(value)
    state = fields_of(value)
    if state is not None:
        return {"$obj": class_name(value), "state": {name: canonical(field) for name, field in state.items()}}
    if isinstance(value, dict):
        return {"$py": class_name(value), "items": canonical(dict(value))}
    if isinstance(value, (list, tuple, set, collections.deque)):
        return {"$py": class_name(value), "items": [canonical(item) for item in value]}
    return {"$py": class_name(value), "repr": repr(value)}


def class_name(value):
    return f"{type(value).__module__}.{type(value).__qualname__}"


def fields_of(value):
    """The fields of an instance whose class declares them, else None."""
    kind = type(value)
    if hasattr(kind, "model_fields"):
        return present(value, kind.model_fields) | (getattr(value, "__pydantic_extra__", None) or {})
    if hasattr(kind, "__fields__") and hasattr(value, "dict"):
        return present(value, kind.__fields__)
    if dataclasses.is_dataclass(value):
        return present(value, [field.name for field in dataclasses.fields(value)])
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return value._asdict()
    if kind.__module__ in ("langgraph.types", "langgraph.constants"):
        slots = [name for base in kind.__mro__ for name in getattr(base, "__slots__", ())]
        return present(value, slots or getattr(kind, "__annotations__", None) or vars(value))
    return None


def present(value, names):
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


def by_json(value):
    return json.dumps(value, sort_keys=True)


def mapping(value):
    if all(type(key) is str and not key.startswith("$") for key in value):
        return {key: canonical(item) for key, item in value.items()}
    entries = ([canonical(key), canonical(item)] for key, item in value.items())
    return {"$map": sorted(entries, key=lambda entry: by_json(entry[0]))}


def itself(value):
    return value


BUILT_IN = {
    type(None): itself,
    bool: itself,
    str: itself,
    int: lambda value: value if abs(value) < EXACT else {"$int": str(value)},
    float: lambda value: {"$float": repr(value)},
    bytes: lambda value: {"$bytes": base64.b64encode(value).decode()},
    bytearray: lambda value: {"$bytearray": base64.b64encode(value).decode()},
    list: lambda value: [canonical(item) for item in value],
    tuple: lambda value: {"$tuple": [canonical(item) for item in value]},
    dict: mapping,
    set: lambda value: {"$set": sorted(map(canonical, value), key=by_json)},
    frozenset: lambda value: {"$frozenset": sorted(map(canonical, value), key=by_json)},
}
