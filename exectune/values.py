"""Values: plain Python values ↔ JSON that keeps their types, for what goes into the sandbox and comes out of it.

    (1, 2.5)  ↔  {"tuple": [1, 2.5]}          {"a": {3}}  ↔  {"dict": [["a", {"set": [3]}]]}

Only plain values cross: None, bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict. An instance
of a subclass crosses as what it is built on: whatever `__eq__` or `__hash__` it brings stays behind. Everything
else is refused by name. Only the standard library is used: this file is read inside the sandbox too.
"""

import math
from typing import Any

COLLECTIONS: tuple[Any, ...] = (tuple, set, frozenset)
Json = Any  # None, bool, int, float, str, list, or a dict of one type's name and its content


class Unsendable(Exception):
    """A value that is not plain, or nested too deeply; the message names its type."""


def encode(value: Any) -> Json:
    """The JSON of a value.

    Raises:
        Unsendable: the value, or one inside it, is not plain.
    """
    try:
        return _encode(value)
    except RecursionError:
        raise Unsendable("nested too deeply, or inside itself") from None


def decode(json: Json) -> Any:
    """The value of some JSON: fresh, and of builtin types only.

    Raises:
        Unsendable: the JSON is none that `encode` writes.
    """
    try:
        return _decode(json)
    except (TypeError, ValueError, AttributeError, RecursionError):
        raise Unsendable("malformed value") from None


def same(value: Any, expected: Any) -> bool:
    """Whether two decoded values are equal and of the same kind throughout.

    As `==` does, a whole number equals a float of that value. Unlike it, True is not 1.
    """
    if isinstance(expected, int | float) and not isinstance(expected, bool):
        return isinstance(value, int | float) and not isinstance(value, bool) and value == expected
    if type(value) is not type(expected):
        return False
    if isinstance(expected, list | tuple):
        return len(value) == len(expected) and all(map(same, value, expected))
    if isinstance(expected, dict):
        return len(value) == len(expected) and all(
            key in value and same(value[key], item) for key, item in expected.items()
        )
    return bool(value == expected)


def _encode(value: Any) -> Json:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int.__add__(value, 0)
    if isinstance(value, float):
        plain = float.__add__(value, 0.0) if value != 0 else value
        return plain if math.isfinite(plain) else {"float": repr(plain)}
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, list):
        return [_encode(item) for item in list.__iter__(value)]
    for kind in COLLECTIONS:
        if isinstance(value, kind):
            return {kind.__name__: [_encode(item) for item in kind.__iter__(value)]}
    if isinstance(value, dict):
        return {"dict": [[_encode(key), _encode(item)] for key, item in dict.items(value)]}
    if isinstance(value, bytes):
        return {"bytes": bytes.hex(value)}
    if isinstance(value, complex):
        return {"complex": [_encode(value.real), _encode(value.imag)]}
    raise Unsendable(type(value).__name__)


def _decode(json: Json) -> Any:
    if isinstance(json, list):
        return [_decode(item) for item in json]
    if not isinstance(json, dict):
        return json
    ((kind, content),) = json.items()
    if kind in ("tuple", "set", "frozenset"):
        return {"tuple": tuple, "set": set, "frozenset": frozenset}[kind](map(_decode, list(content)))
    if kind == "dict":
        return {_decode(key): _decode(item) for key, item in content}
    if kind == "bytes":
        return bytes.fromhex(content)
    if kind == "complex":
        return complex(*map(_decode, content))
    if kind == "float" and content in ("nan", "inf", "-inf"):
        return float(content)
    raise ValueError(kind)
