"""The families of the held-out split: what they ask for occurs in no other split."""

from itertools import chain, groupby, takewhile

from exectune.bundled.code import number_pieces, word_pieces
from exectune.bundled.code.family import Family, Form

TESTS, CHANGES, FOLDS = number_pieces.TESTS, number_pieces.CHANGES, number_pieces.FOLDS

GROUP = Family(
    "group_words",
    ("words",),
    ("words", "names", "labels"),
    ("w", "word", "item"),
    {
        "test": word_pieces.TESTS,
        "key": (word_pieces.CHANGES[2], word_pieces.CHANGES[4]),
        "change": word_pieces.CHANGES,
    },
    (
        Form(
            "group_{test.name}_by_{key.name}",
            "groups the words of the list `{xs}` that {test}: it returns a dictionary of lists, and finds the key for "
            "a word like this: {key:do the word}",
            (
                ("Start with an empty dictionary.", "groups = {{}}"),
                ("Keep the words that {test}.", "kept = [{v} for {v} in {xs} if {test:{v}}]"),
                (
                    "For each kept word, {key:do it} to find its key, and add the word to the list of that key.",
                    "for {v} in kept:\n    groups.setdefault({key:{v}}, []).append({v})",
                ),
                ("Return the dictionary.", "return groups"),
            ),
            lambda p, xs: {
                k: list(group) for k, group in groupby(sorted(filter(p.test, xs), key=p.key), key=p.key)
            },
        ),
        Form(
            "tally_{change.name}",
            "{change:does each word of a list} and returns a dictionary that tells how often each result occurs",
            (
                ("{change:Do each word}.", "changed = [{change:{v}} for {v} in {xs}]"),
                (
                    "Count how often each result occurs.",
                    "tally = {{}}\nfor {v} in changed:\n    tally[{v}] = tally.get({v}, 0) + 1",
                ),
                ("Return the counts as a dictionary.", "return tally"),
            ),
            lambda p, xs: {x: [p.change(y) for y in xs].count(x) for x in map(p.change, xs)},
        ),
    ),
)

UNTIL = Family(
    "stop_early",
    ("numbers",),
    ("numbers", "values", "scores"),
    ("n", "x", "value"),
    {"stop": TESTS, "change": CHANGES, "fold": FOLDS},
    (
        Form(
            "{fold.name}_until_{stop.name}",
            "reads the list `{xs}` from its start, stops before the first of the numbers that {stop}, "
            "and returns {fold} of the numbers read{fold.note}",
            (
                (
                    "Collect the numbers from the start, and stop before the first of those that {stop}.",
                    "read = []\nfor {v} in {xs}:\n    if {stop:{v}}:\n        break\n    read.append({v})",
                ),
                ("Return {fold} of the numbers collected{fold.note}.", "return {fold:read}"),
            ),
            lambda p, xs: p.fold(list(takewhile(lambda x: not p.stop(x), xs))),
        ),
        Form(
            "{change.name}_until_{stop.name}",
            "{change:does each number of a list} in turn and returns the results, but stops before the first result "
            "among those that {stop}",
            (
                ("{change:Do each number}.", "changed = [{change:{v}} for {v} in {xs}]"),
                (
                    "Collect the results from the start, and stop before the first of those that {stop}.",
                    "read = []\nfor {v} in changed:\n    if {stop:{v}}:\n        break\n    read.append({v})",
                ),
                ("Return what was collected.", "return read"),
            ),
            lambda p, xs: list(takewhile(lambda x: not p.stop(x), map(p.change, xs))),
        ),
    ),
)

WEAVE = Family(
    "weave_lists",
    ("numbers", "numbers"),
    ("first, second", "left, right", "ours, theirs"),
    ("n", "x", "value"),
    {"test": TESTS, "change": CHANGES, "fold": FOLDS},
    (
        Form(
            "weave_{change.name}",
            "takes numbers from `{xs}` and `{ys}` in turn, beginning with `{xs}` and ending with the shorter "
            "list, {change:does each number that comes from `{ys}`}, and returns the new list",
            (
                ("Start with an empty list.", "woven = []"),
                (
                    (
                        "Go through both lists side by side; add the first number as it is, and then, "
                        "to add the second number, {change:do it}."
                    ),
                    "for a, b in zip({xs}, {ys}):\n    woven += [a, {change:b}]",
                ),
                ("Return the list.", "return woven"),
            ),
            lambda p, xs, ys: list(chain(*zip(xs, map(p.change, ys), strict=False))),
        ),
        Form(
            "{test.name}_there_and_back",
            "goes through `{xs}` from start to end and then through `{ys}` from end to start, and returns the "
            "numbers that {test} in the order in which it meets them",
            (
                ("Turn the second list around.", "back = {ys}[::-1]"),
                ("Put it behind the first list.", "path = {xs} + back"),
                ("Return the numbers that {test}.", "return [{v} for {v} in path if {test:{v}}]"),
            ),
            lambda p, xs, ys: [*filter(p.test, xs), *filter(p.test, reversed(ys))],
        ),
    ),
)

GRID = Family(
    "rows_of_a_grid",
    ("grid",),
    ("grid", "rows", "board"),
    ("row", "r", "line"),
    {"test": TESTS, "fold": FOLDS, "outer": FOLDS},
    (
        Form(
            "{outer.name}_of_row_{fold.name}",
            "gets a list of rows, each a list of whole numbers, finds {fold} of each row{fold.note}, and returns "
            "{outer} of these results{outer.note}",
            (
                ("Find {fold} of each row{fold.note}.", "found = [{fold:{v}} for {v} in {xs}]"),
                ("Return {outer} of these results{outer.note}.", "return {outer:found}"),
            ),
            lambda p, rows: p.outer(list(map(p.fold, rows))),
        ),
        Form(
            "{test.name}_in_each_row",
            "gets a list of rows, each a list of whole numbers, "
            "and returns for each row how many of its numbers {test}",
            (
                (
                    "For each row, count the numbers that {test}, and return the counts.",
                    "return [sum({test:n} for n in {v}) for {v} in {xs}]",
                ),
            ),
            lambda p, rows: [len(list(filter(p.test, row))) for row in rows],
        ),
        Form(
            "{fold.name}_of_rows_with_{test.name}",
            "gets a list of rows, each a list of whole numbers, and returns {fold} of each row, "
            "but only for rows whose first number is among those that {test}",
            (
                (
                    "Keep the rows that are not empty and whose first number is among those that {test}.",
                    "kept = [{v} for {v} in {xs} if {v} and ({test:{v}[0]})]",
                ),
                ("Return {fold} of each kept row.", "return [{fold:{v}} for {v} in kept]"),
            ),
            lambda p, rows: [p.fold(row) for row in rows if list(filter(p.test, row[:1]))],
        ),
    ),
)

HELD_OUT = (GROUP, UNTIL, WEAVE, GRID)
