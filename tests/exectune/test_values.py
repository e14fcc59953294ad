import json
import math
from collections import Counter, OrderedDict, defaultdict, namedtuple
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exectune.values import Unsendable, decode, encode, same

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.integers() | st.text(), inner)
    ),
)
Point = namedtuple("Point", "x y")


class Equal(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


class Kind(IntEnum):
    TWO = 2


@given(plain)
def test_a_plain_value_comes_back_the_same(value: Any) -> None:
    back = decode(json.loads(json.dumps(encode(value))))
    assert back == value
    assert type(back) is type(value)
    assert same(back, value)


@pytest.mark.parametrize(
    "value", [{1, 2}, frozenset({3}), 1 + 2j, math.inf, -math.inf, {(1, 2): {3: b"x"}}, -0.0]
)
def test_other_kinds_come_back_too(value: Any) -> None:
    assert decode(json.loads(json.dumps(encode(value)))) == value


def test_nan_stays_nan() -> None:
    assert math.isnan(decode(encode(math.nan)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Equal(3), 3),
        (Kind.TWO, 2),
        (Counter("aab"), {"a": 2, "b": 1}),
        (defaultdict(int, a=1), {"a": 1}),
        (OrderedDict(a=1), {"a": 1}),
        (Point(1, 2), (1, 2)),
        ([Equal(3)], [3]),
    ],
)
def test_a_subclass_crosses_as_what_it_is_built_on(value: Any, expected: Any) -> None:
    back = decode(encode(value))
    assert repr(back) == repr(expected)


@pytest.mark.parametrize(
    "value", [object(), iter([]), range(3), lambda: 0, [print], {1: {object}}, map(str, [])]
)
def test_what_is_not_plain_is_refused_by_name(value: Any) -> None:
    with pytest.raises(Unsendable, match=r"object|iterator|range|function|type|map"):
        encode(value)


def test_a_list_inside_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(Unsendable, match="inside itself"):
        encode(value)


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"tuple": 1},
        {"tuple": [1], "set": []},
        {"set": [[1]]},
        {"dict": [[1]]},
        {"dict": [[[1], 2]]},
        {"float": "1e5"},
        {"bytes": "zz"},
        {"code": "x"},
        {"complex": ["a", 1]},
    ],
)
def test_forged_json_is_refused(forged: Any) -> None:
    with pytest.raises(Unsendable):
        decode(forged)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, 1),
        (1, True),
        (0, False),
        ([1], (1,)),
        ("1", 1),
        (None, 0),
        ({1: [2]}, {1: (2,)}),
        ({1}, frozenset({1})),
    ],
)
def test_values_of_unlike_kinds_differ(value: Any, expected: Any) -> None:
    assert not same(value, expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2, 2.0), (2.0, 2), ([1, 2.0], [1.0, 2]), ({"a": {1, 2}}, {"a": {2, 1}}), ((), ())],
)
def test_a_whole_number_is_the_float_of_that_value(value: Any, expected: Any) -> None:
    assert same(value, expected)


@pytest.mark.parametrize(
    ("value", "expected"), [(2, 3), ([1], [1, 2]), ({1: 2}, {1: 3}), ({1: 2}, {2: 2}), (math.nan, math.nan)]
)
def test_unlike_values_differ(value: Any, expected: Any) -> None:
    assert not same(value, expected)
