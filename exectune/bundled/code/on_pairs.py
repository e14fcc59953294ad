"""The families on two lists of whole numbers, or two dictionaries of them."""

from exectune.bundled.code.family import Family, Form
from exectune.bundled.code.number_pieces import CHANGES, FOLDS, PAIRS, TESTS
from exectune.bundled.code.on_numbers import ITEMS

TWO_LISTS = Family(
    "two_lists",
    ("numbers", "numbers"),
    ("left, right", "first, second", "old, new", "mine, yours"),
    ITEMS,
    {"test": TESTS, "change": CHANGES, "pair": PAIRS, "fold": FOLDS},
    (
        Form(
            "pairwise_{pair.name}_{test.name}",
            "goes through two lists side by side, as far as the shorter one reaches, takes {pair} of "
            "each two numbers, and returns those results that {test}",
            (
                (
                    "Go through both lists side by side and take {pair} of each two numbers.",
                    "combined = [{pair:a, b} for a, b in zip({xs}, {ys})]",
                ),
                ("Return the results that {test}.", "return [{v} for {v} in combined if {test:{v}}]"),
            ),
            lambda p, xs, ys: list(filter(p.test, map(p.pair, xs, ys))),
        ),
        Form(
            "{fold.name}_of_pairwise_{pair.name}",
            "returns {fold} of the results{fold.note}, where a result is {pair} of a number of `{xs}` and the "
            "number at the same place in `{ys}`; surplus numbers of the longer list do not count",
            (
                (
                    "Take {pair} of the two numbers at each place that both lists have.",
                    "combined = [{pair:a, b} for a, b in zip({xs}, {ys})]",
                ),
                ("Return {fold} of the results{fold.note}.", "return {fold:combined}"),
            ),
            lambda p, xs, ys: p.fold([p.pair(xs[i], ys[i]) for i in range(min(len(xs), len(ys)))]),
        ),
        Form(
            "{fold.name}_{test.name}_in_both",
            "puts the lists `{xs}` and `{ys}` one after the other, and returns {fold} of the numbers "
            "that {test}{fold.note}",
            (
                ("Put the two lists one after the other.", "together = {xs} + {ys}"),
                ("Keep the numbers that {test}.", "kept = [{v} for {v} in together if {test:{v}}]"),
                ("Return {fold} of the kept numbers{fold.note}.", "return {fold:kept}"),
            ),
            lambda p, xs, ys: p.fold([*filter(p.test, xs), *filter(p.test, ys)]),
        ),
    ),
)

MERGE = Family(
    "merge_tables",
    ("table", "table"),
    ("first, second", "left, right", "old, new"),
    ("k", "key", "name"),
    {"pair": PAIRS, "test": TESTS, "change": CHANGES},
    (
        Form(
            "merge_by_{pair.name}",
            "merges two dictionaries with whole numbers as values: a key that both have gets {pair} of its two values, "
            "any other key keeps its value",
            (
                ("Copy the first dictionary.", "merged = dict({xs})"),
                (
                    (
                        "For each key of the second, store {pair} of the two values if the key is there already, "
                        "and its value if not."
                    ),
                    (
                        "for {v}, b in {ys}.items():\n    a = merged.get({v})\n"
                        "    merged[{v}] = b if a is None else {pair:a, b}"
                    ),
                ),
                ("Return the merged dictionary.", "return merged"),
            ),
            lambda p, xs, ys: (
                {k: p.pair(xs[k], ys[k]) if k in xs and k in ys else (xs | ys)[k] for k in [*xs, *ys]}
            ),
        ),
        Form(
            "{pair.name}_with_default",
            "returns a dictionary with all keys of `{xs}`, where each value is {pair} of the values in `{xs}` and "
            "`{ys}`, with 0 where `{ys}` lacks the key",
            (
                (
                    (
                        "For each key of the first dictionary, take {pair} of its value there and its value "
                        "in the second, with 0 if that is missing, and return the results as a dictionary."
                    ),
                    (
                        "result = {{}}\nfor {v}, a in {xs}.items():\n    b = {ys}.get({v}, 0)\n"
                        "    result[{v}] = {pair:a, b}\nreturn result"
                    ),
                ),
            ),
            lambda p, xs, ys: {k: p.pair(xs[k], (dict.fromkeys(xs, 0) | ys)[k]) for k in xs},
        ),
        Form(
            "merge_{change.name}_{test.name}",
            "puts two dictionaries of whole numbers together, where `{ys}` wins if both have a key, drops all entries "
            "except for values that {test}, and {change:does each value that is left}",
            (
                ("Put the two dictionaries together; the second wins.", "merged = {{**{xs}, **{ys}}}"),
                (
                    "Keep the entries with values that {test}.",
                    "kept = {{{v}: n for {v}, n in merged.items() if {test:n}}}",
                ),
                (
                    "{change:Do each value that is left} and return the dictionary.",
                    "return {{{v}: {change:n} for {v}, n in kept.items()}}",
                ),
            ),
            lambda p, xs, ys: {k: p.change(n) for k, n in [*xs.items(), *ys.items()] if p.test(ys.get(k, n))},
        ),
    ),
)

ON_PAIRS = (TWO_LISTS, MERGE)
