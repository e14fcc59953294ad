"""The families whose problems take one step."""

from exectune.bundled.family import Family, family

ONE_STEP: tuple[Family, ...] = (
    family(
        "collect_more",
        "a + b",
        "a 12-95, b 5-70",
        {"item": "shells|stamps|marbles|stickers|coins|badges"},
        "{name} has {a} {item} and finds {b} more at the market. How many {item} does {name} have now?",
        "After getting {b} new {item}, how many {item} does {name} have, if {she} had {a} before?",
    ),
    family(
        "visitors",
        "a + b",
        "a 14-98, b 14-98",
        {"event": "concert|play|fair|match|picnic"},
        "{a} adults and {b} children came to the {event}. How many people came?",
        "At the {event} there were {b} children. There were also {a} adults. "
        "How many people were there altogether?",
    ),
    family(
        "used_up",
        "a - b",
        "a 20-99, b 4-80",
        {"item": "eggs|candles|nails|tea bags|envelopes"},
        "There were {a} {item} in the cupboard. {name} used {b} of them. How many {item} are left?",
        "{name} had {a} {item} and used {b}. How many does {she} still have?",
    ),
    family(
        "pages_to_go",
        "a - b",
        "a 60-99, b 11-70",
        {"book": "book|diary|comic|report"},
        "A {book} has {a} pages. {name} has read {b} pages. How many pages are still to be read?",
        "{name} is on page {b} of a {book} with {a} pages. How many pages are left after this one?",
    ),
    family(
        "rows",
        "a * b",
        "a 3-15, b 4-20",
        {"item": "chairs|trees|tiles|tents|cabbages"},
        "There are {a} rows with {b} {item} in each row. How many {item} are there?",
        "{name} sets out {item} in {a} rows of {b}. How many {item} is that?",
    ),
    family(
        "price_each",
        "a * b",
        "a 3-20, b 3-25",
        {"item": "tickets|pizzas|plates|shirts|brushes"},
        "{name} buys {a} {item}. Each costs {b} dollars. How much does {she} pay?",
        "At {b} dollars each, what do {a} {item} cost?",
    ),
    family(
        "share_out",
        "a / b",
        "a 12-160, b 3-14",
        {"item": "sweets|cherries|crayons|cookies|plums"},
        "{name} shares {a} {item} equally among {b} children. How many {item} does each child get?",
        "{b} children share {a} {item} fairly. How many {item} are there for each?",
    ),
    family(
        "cost_of_one",
        "a / b",
        "a 18-240, b 3-16",
        {"item": "notebooks|mugs|roses|towels|lamps"},
        "{b} {item} cost {a} dollars altogether. What does one of them cost?",
        "{name} pays {a} dollars for {b} equal {item}. How many dollars is each one?",
    ),
)
