"""ormsgpack, with LangGraph's extensions kept as what they hold."""

import ormsgpack

OPTION = ormsgpack.OPT_NON_STR_KEYS


class Ext:
    __slots__ = ("form", "names", "body")

    def __init__(self, form, names, body):
        self.form, self.names, self.body = form, names, body


FORMS = ["single-argument", "positional", "keywords", "method", "pydantic-v1", "pydantic-v2", "numpy", "delta-snapshot"]


def ext_hook(code, data):
    """The shapes that the official hook takes, without what it builds of them."""
    if not 0 <= code < len(FORMS):
        raise ValueError(f"extension {code}")
    form = FORMS[code]
    body = ormsgpack.unpackb(data, ext_hook=ext_hook, option=OPTION)
    if form == "delta-snapshot":
        return Ext(form, (), body)
    if form == "numpy":
        dtype, shape, order, buffer = body
        return Ext(form, (), [dtype, shape, order, buffer])
    names = (body[0], body[1]) if form not in ("method", "pydantic-v2") else (body[0], body[1], body[3])
    if not all(type(name) is str for name in names):
        raise TypeError("a name that is no text")
    return Ext(form, names, body[2])


def read_msgpack(data):
    return ormsgpack.unpackb(data, ext_hook=ext_hook, option=OPTION)
