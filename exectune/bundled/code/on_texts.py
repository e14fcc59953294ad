"""The families on one text: its parts and its letters."""

from exectune.bundled.code.family import Family, Form
from exectune.bundled.code.word_pieces import CHANGES, CHOICES, LETTERS, MEASURES, SPLITS

TEXTS = ("text", "line", "message", "note")

SPLIT = Family(
    "split_and_choose",
    ("text",),
    TEXTS,
    ("p", "part", "piece"),
    {
        "split": SPLITS,
        "choice": CHOICES,
        "change": (*CHANGES[:2], CHANGES[3], *CHANGES[4:7]),
        "measure": MEASURES,
    },
    (
        Form(
            "{choice.name}_{split.name}",
            "splits the text `{xs}` {split} and returns {choice} (an empty text if there is no part)",
            (
                ("Split the text {split}.", "parts = {split:{xs}}"),
                ("Return {choice}, or an empty text if there is no part.", "return {choice:parts}"),
            ),
            lambda p, text: p.choice(p.split(text)),
        ),
        Form(
            "{change.name}_{choice.name}_{split.name}",
            "splits a text {split}, finds {choice} (an empty text if there is no part), "
            "and returns it after this change: {change:do it}",
            (
                ("Split the text {split}.", "parts = {split:{xs}}"),
                ("Find {choice}, or take an empty text if there is no part.", "found = {choice:parts}"),
                ("{change:Do it} and return the result.", "return {change:found}"),
            ),
            lambda p, text: p.change(p.choice(p.split(text))),
        ),
        Form(
            "{measure.name}_of_each_{split.name}",
            "splits the text `{xs}` {split} and returns a list with {measure} in each part",
            (
                ("Split the text {split}.", "parts = {split:{xs}}"),
                (
                    "Find {measure} in each part, and return the list.",
                    "return [{measure:{v}} for {v} in parts]",
                ),
            ),
            lambda p, text: list(map(p.measure, p.split(text))),
        ),
    ),
)

LETTER = Family(
    "letters_of_a_text",
    ("text",),
    TEXTS,
    ("c", "letter", "sign"),
    {"test": LETTERS, "other": LETTERS, "head": LETTERS[1:], "tail": LETTERS[1:], "change": CHANGES[:2]},
    (
        Form(
            "{change.name}_without_{test.name}",
            "removes all {test} from the text `{xs}`, and returns the rest after this change: {change:do it}",
            (
                ("Remove all {test}.", 'rest = "".join({v} for {v} in {xs} if not ({test:{v}}))'),
                ("{change:Do the rest} and return it.", "return {change:rest}"),
            ),
            lambda p, text: p.change("".join(["" if p.test(c) else c for c in text])),
        ),
        Form(
            "{test.name}_minus_{other.name}",
            "returns how many {test} the text `{xs}` has, minus how many {other} it has",
            (
                ("Count the {test}.", "first = sum({test:{v}} for {v} in {xs})"),
                ("Count the {other}.", "second = sum({other:{v}} for {v} in {xs})"),
                ("Return the first count minus the second.", "return first - second"),
            ),
            lambda p, text: len(list(filter(p.test, text))) - len(list(filter(p.other, text))),
        ),
        Form(
            "hide_{test.name}_then_{change.name}",
            "puts a dot in place of each of the {test} of a text and returns this text after this change: "
            "{change:do it}",
            (
                (
                    "Put a dot in place of each of the {test}.",
                    'hidden = "".join("." if {test:{v}} else {v} for {v} in {xs})',
                ),
                ("{change:Do the new text} and return it.", "return {change:hidden}"),
            ),
            lambda p, text: p.change("".join([(c, ".")[bool(p.test(c))] for c in text])),
        ),
        Form(
            "{head.name}_before_{tail.name}",
            "rearranges the text `{xs}`: first all {head}, then all {tail}, each in their old order; "
            "other signs are left out",
            (
                ("Collect the {head}.", "first = [{v} for {v} in {xs} if {head:{v}}]"),
                ("Collect the {tail}.", "second = [{v} for {v} in {xs} if {tail:{v}}]"),
                (
                    "Join the first and then the second, and return the text.",
                    'return "".join(first + second)',
                ),
            ),
            lambda p, text: "".join([*filter(p.head, text), *filter(p.tail, text)]),
        ),
    ),
)

ON_TEXTS = (SPLIT, LETTER)
