"""The families whose problems take three or four steps."""

from exectune.bundled.family import Family, family

THREE_STEPS: tuple[Family, ...] = (
    # a * b + c * d
    family(
        "two_kinds_bought",
        "a * b; c * d; #1 + #2",
        "a 2-12, b 3-25, c 2-12, d 3-25",
        {"one/two": "pens/books|roses/pots|cups/plates|hats/belts"},
        "{name} buys {a} {one} at {b} dollars each and {c} {two} at {d} dollars each. "
        "How much does {she} pay?",
        "What do {a} {one} for {b} dollars each and {c} {two} for {d} dollars each cost altogether?",
    ),
    family(
        "two_seat_blocks",
        "a * b; c * d; #1 + #2",
        "a 3-15, b 5-24, c 3-15, d 5-24",
        {"hall": "theatre|cinema|hall|stadium", "up": "upstairs|at the back|on the balcony"},
        "A {hall} has {a} rows of {b} seats in front and {c} rows of {d} seats {up}. How many seats is that?",
        "In a {hall} there are {c} rows of {d} seats {up} and {a} rows of {b} in front. "
        "How many seats are there?",
    ),
    # (a * b - c) / d
    family(
        "rest_of_trays_packed",
        "a * b; #1 - c; #2 / d",
        "a 4-15, b 6-24, c 4-50, d 3-15",
        {"item": "buns|tarts|pies|rolls"},
        "{name} bakes {a} trays of {b} {item}, eats {c} and packs the rest in bags of {d}. "
        "How many bags is that?",
        "From {a} trays with {b} {item} each, {c} are sold. The rest go into bags of {d}. "
        "How many bags are there?",
    ),
    family(
        "wages_then_gifts",
        "a * b; #1 - c; #2 / d",
        "a 4-20, b 8-30, c 10-90, d 3-25",
        {"gift/gifts": "toy/toys|book/books|scarf/scarves|mug/mugs"},
        "{name} earns {b} dollars an hour for {a} hours and pays {c} dollars rent. "
        "How many {gifts} at {d} dollars can {she} buy?",
        "After {a} hours at {b} dollars an hour and a bill of {c} dollars, "
        "how many {gifts} for {d} dollars each can {name} buy?",
    ),
)

FOUR_STEPS: tuple[Family, ...] = (
    # a * b + c * d - e
    family(
        "two_jobs_then_spent",
        "a * b; c * d; #1 + #2; #3 - e",
        "a 3-12, b 6-25, c 3-12, d 6-25, e 10-90",
        {"one/two": "mowing/washing|cooking/driving|painting/cleaning"},
        "{name} does {a} hours of {one} at {b} dollars and {c} hours of {two} at {d} dollars, "
        "then spends {e} dollars. What is left?",
        "For {one} {name} gets {b} dollars an hour, for {two} {d}. "
        "After {a} hours and {c} hours {she} spends {e} dollars. How much remains?",
    ),
    family(
        "two_crops_some_lost",
        "a * b; c * d; #1 + #2; #3 - e",
        "a 3-12, b 5-24, c 3-12, d 5-24, e 5-70",
        {"one/two": "onions/leeks|carrots/beets|tulips/lilies"},
        "{name} plants {a} rows of {b} {one} and {c} rows of {d} {two}. {e} plants die. "
        "How many plants are left?",
        "In {a} rows there are {b} {one} each, in {c} rows {d} {two} each. {e} plants are lost. "
        "How many remain?",
    ),
)
