"""The family on the digits of one whole number."""

from exectune.bundled.code.family import Family, Form
from exectune.bundled.code.number_pieces import CHANGES, FOLDS, TESTS

DIGITS = Family(
    "digits",
    ("number",),
    ("number", "code", "total", "year"),
    ("d", "digit"),
    {"test": TESTS[:2] + TESTS[5:7], "change": CHANGES[:5], "fold": FOLDS},
    (
        Form(
            "{fold.name}_{test.name}_digits",
            "returns {fold} of those digits of the whole number `{xs}` that {test}{fold.note}; "
            "the number is never negative",
            (
                ("Write the number as a list of its digits.", "digits = [int({v}) for {v} in str({xs})]"),
                ("Keep the digits that {test}.", "kept = [{v} for {v} in digits if {test:{v}}]"),
                ("Return {fold} of the kept digits{fold.note}.", "return {fold:kept}"),
            ),
            lambda p, n: p.fold(list(filter(p.test, map(int, str(n))))),
        ),
        Form(
            "{fold.name}_of_{change.name}_digits",
            "{change:does each digit of the whole number `{xs}`}, which is not negative, "
            "and returns {fold} of the results",
            (
                ("Write the number as a list of its digits.", "digits = [int({v}) for {v} in str({xs})]"),
                ("{change:Do each digit}.", "changed = [{change:{v}} for {v} in digits]"),
                ("Return {fold} of the results.", "return {fold:changed}"),
            ),
            lambda p, n: p.fold([p.change("0123456789".index(digit)) for digit in str(n)]),
        ),
        Form(
            "without_{test.name}_digits",
            "removes those digits of the whole number `{xs}` that {test}, and returns the number that the other "
            "digits form, or 0 if none is left; the number is never negative",
            (
                (
                    "Keep the digits, as text, but for those that {test}.",
                    'kept = "".join({v} for {v} in str({xs}) if not ({test:int({v})}))',
                ),
                ("Return them as a number, or 0 if none is left.", "return int(kept) if kept else 0"),
            ),
            lambda p, n: sum(
                d * 10**i for i, d in enumerate([d for d in map(int, str(n)[::-1]) if not p.test(d)])
            ),
        ),
    ),
)

ON_DIGITS = (DIGITS,)
