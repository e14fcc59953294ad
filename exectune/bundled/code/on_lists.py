"""The families on the order, the places and the change of whole numbers in a list."""

from exectune.bundled.code.family import Family, Form
from exectune.bundled.code.number_pieces import CHANGES, FOLDS, TAKES, TESTS
from exectune.bundled.code.on_numbers import ITEMS, PARAMS

PLACES = Family(
    "places",
    ("numbers",),
    PARAMS,
    ITEMS,
    {"test": TESTS, "change": CHANGES, "fold": FOLDS, "take": TAKES},
    (
        Form(
            "places_{test.name}",
            "returns the places, counted from 0, at which the list `{xs}` has numbers that {test}",
            (
                (
                    "Collect the places, counted from 0, of the numbers that {test}, and return them.",
                    "return [place for place, {v} in enumerate({xs}) if {test:{v}}]",
                ),
            ),
            lambda p, xs: [i for i in range(len(xs)) if p.test(xs[i])],
        ),
        Form(
            "{fold.name}_{take.name}",
            "takes {take} of the numbers in the list `{xs}`, and returns {fold} of them{fold.note}",
            (
                ("Take {take} of the numbers.", "taken = {take:{xs}}"),
                ("Return {fold} of them{fold.note}.", "return {fold:taken}"),
            ),
            lambda p, xs: p.fold(p.take(xs)),
        ),
        Form(
            "{test.name}_in_{take.name}_{change.name}",
            "takes {take} of the numbers in a list, keeps those that {test}, {change:does each of them}, "
            "and returns the results in the same order",
            (
                ("Take {take} of the numbers.", "taken = {take:{xs}}"),
                ("Keep those that {test}.", "kept = [{v} for {v} in taken if {test:{v}}]"),
                (
                    "{change:Do each kept number} and return the results.",
                    "return [{change:{v}} for {v} in kept]",
                ),
            ),
            lambda p, xs: list(map(p.change, filter(p.test, p.take(xs)))),
        ),
    ),
)

RULES = Family(
    "change_by_rule",
    ("numbers",),
    PARAMS,
    ITEMS,
    {"test": TESTS, "change": CHANGES[:7], "other": CHANGES[:7], "fold": FOLDS},
    (
        Form(
            "{change.name}_if_{test.name}",
            "goes through the list `{xs}`, {change:does each of the numbers that {test}}, "
            "leaves the others as they are, and returns the new list",
            (
                (
                    (
                        "Go through the numbers, {change:do each of those that {test}}, keep the others, "
                        "and return the new list."
                    ),
                    "return [{change:{v}} if {test:{v}} else {v} for {v} in {xs}]",
                ),
            ),
            lambda p, xs: [(x, p.change(x))[bool(p.test(x))] for x in xs],
        ),
        Form(
            "{change.name}_if_{test.name}_else_{other.name}",
            "goes through a list of numbers, {change:does each of those that {test}}, "
            "{other:does all others}, and returns the new list",
            (
                ("Start with an empty list.", "result = []"),
                (
                    (
                        "For each number, put the changed number into the list: {change:do those that {test}}, "
                        "and {other:do the others}."
                    ),
                    (
                        "for {v} in {xs}:\n    if {test:{v}}:\n        result.append({change:{v}})\n"
                        "    else:\n        result.append({other:{v}})"
                    ),
                ),
                ("Return the list.", "return result"),
            ),
            lambda p, xs: [(p.change if p.test(x) else p.other)(x) for x in xs],
        ),
        Form(
            "{fold.name}_{change.name}_where_{test.name}",
            "{change:does the numbers of the list `{xs}` that {test}}, leaves the others as they are, "
            "and returns {fold} of all these numbers{fold.note}",
            (
                (
                    "{change:Do each of the numbers that {test}}, and keep the others.",
                    "changed = [{change:{v}} if {test:{v}} else {v} for {v} in {xs}]",
                ),
                ("Return {fold} of all these numbers{fold.note}.", "return {fold:changed}"),
            ),
            lambda p, xs: p.fold([p.change(x) if p.test(x) else x for x in xs]),
        ),
    ),
)

SORTED = Family(
    "sort_and_take",
    ("numbers",),
    PARAMS,
    ITEMS,
    {"test": TESTS, "change": CHANGES, "take": TAKES},
    (
        Form(
            "{take.name}_by_size",
            "sorts the list `{xs}` from small to large and returns {take} of the sorted numbers",
            (
                ("Sort the numbers from small to large.", "ordered = sorted({xs})"),
                ("Return {take} of the sorted numbers.", "return {take:ordered}"),
            ),
            lambda p, xs: p.take(sorted(xs, key=lambda x: -x)[::-1]),
        ),
        Form(
            "{take.name}_of_{test.name}_downwards",
            "keeps the numbers in a list that {test}, sorts them from large to small, and returns {take} of them",
            (
                ("Keep the numbers that {test}.", "kept = [{v} for {v} in {xs} if {test:{v}}]"),
                ("Sort them from large to small.", "ordered = sorted(kept, reverse=True)"),
                ("Return {take} of them.", "return {take:ordered}"),
            ),
            lambda p, xs: p.take([-x for x in sorted(-x for x in xs if p.test(x))]),
        ),
        Form(
            "{change.name}_{take.name}_without_repeats",
            "removes repeated numbers from the list `{xs}`, sorts the rest from small to large, "
            "takes {take} of these, {change:does each of them}, and returns the results",
            (
                ("Remove repeated numbers.", "unique = set({xs})"),
                ("Sort the rest from small to large.", "ordered = sorted(unique)"),
                ("Take {take} of these.", "taken = {take:ordered}"),
                (
                    "{change:Do each of them} and return the results.",
                    "return [{change:{v}} for {v} in taken]",
                ),
            ),
            lambda p, xs: [p.change(x) for x in p.take(sorted(dict.fromkeys(xs)))],
        ),
    ),
)

ON_LISTS = (PLACES, RULES, SORTED)
