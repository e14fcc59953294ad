"""The families on one list of whole numbers."""

from itertools import accumulate, pairwise
from operator import mul

from exectune.bundled.code.family import Family, Form
from exectune.bundled.code.number_pieces import CHANGES, FOLDS, TAKES, TESTS

PARAMS = ("numbers", "values", "scores", "readings", "amounts")
ITEMS = ("n", "x", "value", "number")

SIFT = Family(
    "sift_and_fold",
    ("numbers",),
    PARAMS,
    ITEMS,
    {"test": TESTS, "change": CHANGES, "fold": FOLDS},
    (
        Form(
            "{fold.name}_{test.name}",
            "takes a list of whole numbers and returns {fold} of those that {test}{fold.note}",
            (
                ("Keep the numbers that {test}.", "kept = [{v} for {v} in {xs} if {test:{v}}]"),
                ("Return {fold} of the kept numbers{fold.note}.", "return {fold:kept}"),
            ),
            lambda p, xs: p.fold(list(filter(p.test, xs))),
        ),
        Form(
            "{fold.name}_{change.name}_{test.name}",
            "looks at the numbers in the list `{xs}` that {test}, {change:does each of them}, "
            "and returns {fold} of the results{fold.note}",
            (
                ("Keep the numbers that {test}.", "kept = [{v} for {v} in {xs} if {test:{v}}]"),
                ("{change:Do each kept number}.", "changed = [{change:{v}} for {v} in kept]"),
                ("Return {fold} of the results{fold.note}.", "return {fold:changed}"),
            ),
            lambda p, xs: p.fold([p.change(x) for x in xs if p.test(x)]),
        ),
        Form(
            "{change.name}_then_{fold.name}_{test.name}",
            "{change:does each number of the list `{xs}`}, and then returns {fold} of those results "
            "that {test}{fold.note}",
            (
                ("{change:Do each number}.", "changed = [{change:{v}} for {v} in {xs}]"),
                ("Keep the results that {test}.", "kept = [{v} for {v} in changed if {test:{v}}]"),
                ("Return {fold} of what was kept{fold.note}.", "return {fold:kept}"),
            ),
            lambda p, xs: p.fold(list(filter(p.test, map(p.change, xs)))),
        ),
    ),
)

COUNT = Family(
    "count_and_adjust",
    ("numbers",),
    PARAMS,
    ITEMS,
    {"test": TESTS, "other": TESTS, "change": CHANGES},
    (
        Form(
            "count_{test.name}",
            "counts the numbers in the list `{xs}` that {test}",
            (
                (
                    "Count the numbers that {test}, and return the count.",
                    "return sum({test:{v}} for {v} in {xs})",
                ),
            ),
            lambda p, xs: len(list(filter(p.test, xs))),
        ),
        Form(
            "{change.name}_count_{test.name}",
            "counts the numbers in a list that {test}, {change:does the count}, and returns the result",
            (
                ("Count the numbers that {test}.", "count = sum({test:{v}} for {v} in {xs})"),
                ("{change:Do the count} and return the result.", "return {change:count}"),
            ),
            lambda p, xs: p.change(len([x for x in xs if p.test(x)])),
        ),
        Form(
            "more_{test.name}_than_{other.name}",
            "tells how many more numbers of the list `{xs}` {test} than {other} (below zero if there are fewer)",
            (
                ("Count the numbers that {test}.", "first = len([{v} for {v} in {xs} if {test:{v}}])"),
                ("Count the numbers that {other}.", "second = len([{v} for {v} in {xs} if {other:{v}}])"),
                ("Return the first count minus the second.", "return first - second"),
            ),
            lambda p, xs: sum(bool(p.test(x)) - bool(p.other(x)) for x in xs),
        ),
    ),
)

RUNNING = Family(
    "running_results",
    ("numbers",),
    PARAMS,
    ITEMS,
    {"test": TESTS, "change": CHANGES},
    (
        Form(
            "running_totals_{change.name}",
            "{change:does each number of the list `{xs}`} and returns the running totals of the results, "
            "a total for each number",
            (
                ("Start with a total of zero and an empty list.", "total = 0\ntotals = []"),
                (
                    (
                        "For each number in turn, {change:do it}, add the result to the total, "
                        "and put the total into the list."
                    ),
                    "for {v} in {xs}:\n    total += {change:{v}}\n    totals.append(total)",
                ),
                ("Return the list of totals.", "return totals"),
            ),
            lambda p, xs: list(accumulate(map(p.change, xs))),
        ),
        Form(
            "running_count_{test.name}",
            "returns, for each place in the list `{xs}`, how many numbers up to there {test}",
            (
                ("Start with a count of zero and an empty list.", "count = 0\ncounts = []"),
                (
                    (
                        "For each number in turn, raise the count if it is one of those that {test}, "
                        "and put the count into the list."
                    ),
                    "for {v} in {xs}:\n    if {test:{v}}:\n        count += 1\n    counts.append(count)",
                ),
                ("Return the list of counts.", "return counts"),
            ),
            lambda p, xs: [len(list(filter(p.test, xs[: end + 1]))) for end in range(len(xs))],
        ),
        Form(
            "records_{change.name}",
            "{change:does each number of a list} and returns those results that are "
            "greater than all results before them",
            (
                ("{change:Do each number}.", "changed = [{change:{v}} for {v} in {xs}]"),
                (
                    "Go through the results and collect each that is greater than the last one collected.",
                    (
                        "records = []\nfor {v} in changed:\n    if not records or {v} > records[-1]:\n"
                        "        records.append({v})"
                    ),
                ),
                ("Return what was collected.", "return records"),
            ),
            lambda p, xs: sorted(set(accumulate(map(p.change, xs), max))),
        ),
    ),
)

NEIGHBOURS = Family(
    "neighbours",
    ("numbers",),
    PARAMS,
    ITEMS,
    {"test": TESTS, "fold": FOLDS, "take": TAKES},
    (
        Form(
            "{fold.name}_of_steps",
            "subtracts each number of the list `{xs}` from the one after it, "
            "and returns {fold} of the differences{fold.note}",
            (
                (
                    "Subtract each number from the one after it.",
                    "steps = [b - a for a, b in zip({xs}, {xs}[1:])]",
                ),
                ("Return {fold} of the differences{fold.note}.", "return {fold:steps}"),
            ),
            lambda p, xs: p.fold([xs[i] - xs[i - 1] for i in range(1, len(xs))]),
        ),
        Form(
            "neighbour_sums_{test.name}",
            "adds each number of the list `{xs}` to the one after it, and returns those sums that {test}",
            (
                ("Add each number to the one after it.", "sums = [a + b for a, b in zip({xs}, {xs}[1:])]"),
                ("Return the sums that {test}.", "return [{v} for {v} in sums if {test:{v}}]"),
            ),
            lambda p, xs: list(filter(p.test, map(sum, pairwise(xs)))),
        ),
        Form(
            "{fold.name}_of_neighbour_products_{take.name}",
            "takes {take} of the numbers in a list, multiplies each of these by the one after it, "
            "and returns {fold} of the products{fold.note}",
            (
                ("Take {take} of the numbers.", "taken = {take:{xs}}"),
                (
                    "Multiply each of these by the one after it.",
                    "products = [a * b for a, b in zip(taken, taken[1:])]",
                ),
                ("Return {fold} of the products{fold.note}.", "return {fold:products}"),
            ),
            lambda p, xs: p.fold([mul(*pair) for pair in pairwise(p.take(xs))]),
        ),
    ),
)

ON_NUMBERS = (SIFT, COUNT, RUNNING, NEIGHBOURS)
