"""The families on one list of words."""

from exectune.bundled.code.family import Family, Form
from exectune.bundled.code.word_pieces import CHANGES, JOINS, MEASURES, TESTS

WORDS = ("words", "names", "labels", "tags")
ITEMS = ("w", "word", "item")

JOIN = Family(
    "change_and_join",
    ("words",),
    WORDS,
    ITEMS,
    {"test": TESTS, "change": CHANGES, "join": JOINS},
    (
        Form(
            "{join.name}_of_{test.name}",
            "keeps the words of the list `{xs}` that {test}, and joins them {join}",
            (
                ("Keep the words that {test}.", "kept = [{v} for {v} in {xs} if {test:{v}}]"),
                ("Join them {join}, and return the text.", "return {join:kept}"),
            ),
            lambda p, xs: p.join(list(filter(p.test, xs))),
        ),
        Form(
            "{join.name}_of_{change.name}",
            "{change:does each word of a list} and joins the results {join}",
            (
                ("{change:Do each word}.", "changed = [{change:{v}} for {v} in {xs}]"),
                ("Join the results {join}, and return the text.", "return {join:changed}"),
            ),
            lambda p, xs: p.join(list(map(p.change, xs))),
        ),
        Form(
            "{join.name}_of_{change.name}_{test.name}",
            "keeps the words of the list `{xs}` that {test}, {change:does each of them}, joins the results {join}, "
            "and returns this text",
            (
                ("Keep the words that {test}.", "kept = [{v} for {v} in {xs} if {test:{v}}]"),
                ("{change:Do each kept word}.", "changed = [{change:{v}} for {v} in kept]"),
                ("Join the results {join}, and return the text.", "return {join:changed}"),
            ),
            lambda p, xs: p.join([p.change(x) for x in xs if p.test(x)]),
        ),
    ),
)

RANK = Family(
    "order_words",
    ("words",),
    WORDS,
    ITEMS,
    {"test": TESTS, "change": CHANGES, "measure": MEASURES},
    (
        Form(
            "by_{measure.name}",
            "returns the words of the list `{xs}` ordered by {measure}, from few to many; "
            "words with the same number stay in their old order",
            (
                (
                    "Order the words by {measure}, from few to many, and return them.",
                    "return sorted({xs}, key=lambda {v}: {measure:{v}})",
                ),
            ),
            lambda p, xs: [x for size in range(99) for x in xs if p.measure(x) == size],
        ),
        Form(
            "{test.name}_by_{measure.name}",
            "keeps the words of a list that {test}, and returns them ordered by {measure}, from many to few; "
            "words with the same number stay in their old order",
            (
                ("Keep the words that {test}.", "kept = [{v} for {v} in {xs} if {test:{v}}]"),
                (
                    "Order them by {measure}, from many to few, and return them.",
                    "return sorted(kept, key=lambda {v}: {measure:{v}}, reverse=True)",
                ),
            ),
            lambda p, xs: [x for size in range(99, -1, -1) for x in xs if p.test(x) and p.measure(x) == size],
        ),
        Form(
            "{change.name}_{test.name}_first",
            "moves the words of the list `{xs}` that {test} to the front, and {change:does each of these}; "
            "the other words follow as they are",
            (
                (
                    "{change:Do each of the words that {test}}.",
                    "front = [{change:{v}} for {v} in {xs} if {test:{v}}]",
                ),
                ("Collect the other words.", "back = [{v} for {v} in {xs} if not ({test:{v}})]"),
                ("Return the first list followed by the second.", "return front + back"),
            ),
            lambda p, xs: [p.change(x) if p.test(x) else x for x in sorted(xs, key=lambda x: not p.test(x))],
        ),
    ),
)

ON_WORDS = (JOIN, RANK)
