"""The families on one dictionary, and from words to one."""

from exectune.bundled.code import number_pieces, word_pieces
from exectune.bundled.code.family import Family, Form

PARAMS = ("stock", "prices", "table", "points")
ITEMS = ("k", "key", "name")

CHOOSE = Family(
    "choose_keys",
    ("table",),
    PARAMS,
    ITEMS,
    {"test": number_pieces.TESTS, "about": word_pieces.TESTS, "change": word_pieces.CHANGES},
    (
        Form(
            "keys_with_{test.name}",
            "returns the keys of the dictionary `{xs}` whose values {test}, in sorted order",
            (
                (
                    "Collect the keys whose values {test}.",
                    "keys = [{v} for {v}, n in {xs}.items() if {test:n}]",
                ),
                ("Return them in sorted order.", "return sorted(keys)"),
            ),
            lambda p, xs: [k for k in sorted(xs) if p.test(xs[k])],
        ),
        Form(
            "{change.name}_keys_with_{test.name}",
            "takes the keys of a dictionary whose values {test}, sorts them, {change:does each of them}, "
            "and returns the results",
            (
                (
                    "Collect the keys whose values {test}.",
                    "keys = [{v} for {v}, n in {xs}.items() if {test:n}]",
                ),
                ("Sort them.", "keys.sort()"),
                ("{change:Do each key} and return the results.", "return [{change:{v}} for {v} in keys]"),
            ),
            lambda p, xs: list(map(p.change, filter(lambda k: p.test(xs[k]), sorted(xs)))),
        ),
        Form(
            "{about.name}_keys_by_value",
            "keeps the keys of the dictionary `{xs}` that {about}, and returns them ordered by their values, "
            "from small to large; keys with equal values stay in their old order",
            (
                ("Keep the keys that {about}.", "keys = [{v} for {v} in {xs} if {about:{v}}]"),
                (
                    "Order them by their values, from small to large, and return them.",
                    "return sorted(keys, key={xs}.get)",
                ),
            ),
            lambda p, xs: [k for n in sorted(set(xs.values())) for k in xs if xs[k] == n and p.about(k)],
        ),
    ),
)

VALUES = Family(
    "fold_values",
    ("table",),
    PARAMS,
    ITEMS,
    {
        "about": word_pieces.TESTS,
        "test": number_pieces.TESTS,
        "change": number_pieces.CHANGES,
        "fold": number_pieces.FOLDS[:3],
    },
    (
        Form(
            "{fold.name}_of_{about.name}_keys",
            "returns {fold} of the values that the dictionary `{xs}` has for keys that {about}{fold.note}",
            (
                (
                    "Collect the values whose keys {about}.",
                    "found = [n for {v}, n in {xs}.items() if {about:{v}}]",
                ),
                ("Return {fold} of these values{fold.note}.", "return {fold:found}"),
            ),
            lambda p, xs: p.fold([xs[k] for k in xs if p.about(k)]),
        ),
        Form(
            "{fold.name}_{change.name}_value",
            "{change:does each value of the dictionary `{xs}`} and returns {fold} of the results{fold.note}",
            (
                ("{change:Do each value}.", "changed = [{change:n} for n in {xs}.values()]"),
                ("Return {fold} of the results{fold.note}.", "return {fold:changed}"),
            ),
            lambda p, xs: p.fold(list(map(p.change, xs.values()))),
        ),
        Form(
            "{fold.name}_{test.name}_of_{about.name}_keys",
            "looks only at those entries of a dictionary whose keys {about}, "
            "and returns {fold} of their values that {test}{fold.note}",
            (
                (
                    "Collect the values whose keys {about}.",
                    "found = [n for {v}, n in {xs}.items() if {about:{v}}]",
                ),
                ("Keep the values that {test}.", "kept = [n for n in found if {test:n}]"),
                ("Return {fold} of the kept values{fold.note}.", "return {fold:kept}"),
            ),
            lambda p, xs: p.fold([n for k, n in xs.items() if p.about(k) and p.test(n)]),
        ),
    ),
)

DESCRIBE = Family(
    "table_from_words",
    ("words",),
    ("words", "names", "labels", "tags"),
    ("w", "word", "item"),
    {"test": word_pieces.TESTS, "change": word_pieces.CHANGES, "measure": word_pieces.MEASURES},
    (
        Form(
            "{measure.name}_table",
            "returns a dictionary that gives {measure} in each word of the list `{xs}`",
            (
                (
                    "Find {measure} in each word, store it under the word in a dictionary, and return it.",
                    "return {{{v}: {measure:{v}} for {v} in {xs}}}",
                ),
            ),
            lambda p, xs: dict(zip(xs, map(p.measure, xs), strict=True)),
        ),
        Form(
            "{measure.name}_table_{test.name}",
            "returns a dictionary that gives {measure} in each word of a list, "
            "but only for those words that {test}",
            (
                ("Keep the words that {test}.", "kept = [{v} for {v} in {xs} if {test:{v}}]"),
                (
                    "Find {measure} in each kept word, store it under the word in a dictionary, and return it.",
                    "return {{{v}: {measure:{v}} for {v} in kept}}",
                ),
            ),
            lambda p, xs: {x: p.measure(x) for x in filter(p.test, xs)},
        ),
        Form(
            "{change.name}_table_{test.name}",
            "returns a dictionary with the words of the list `{xs}` that {test} as keys; "
            "the value of a key is made from it like this: {change:do it}",
            (
                ("Start with an empty dictionary.", "table = {{}}"),
                (
                    "For each word among those that {test}, {change:do it} and store the result under the word.",
                    "for {v} in {xs}:\n    if {test:{v}}:\n        table[{v}] = {change:{v}}",
                ),
                ("Return the dictionary.", "return table"),
            ),
            lambda p, xs: {x: p.change(x) for x in filter(p.test, xs)},
        ),
    ),
)

ON_TABLES = (CHOOSE, VALUES, DESCRIBE)
