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
    family(
        "two_jobs",
        "a * b; c * d; #1 + #2",
        "a 2-12, b 6-30, c 2-12, d 6-30",
        {"one/two": "baking/cleaning|coding/writing|digging/mowing|singing/dancing"},
        "{name} is paid {b} dollars an hour for {one} and {d} dollars an hour for {two}. "
        "How much do {a} hours of {one} and {c} hours of {two} bring?",
        "{name} does {a} hours of {one} at {b} dollars and {c} hours of {two} at {d} dollars. "
        "What does {she} earn?",
    ),
    family(
        "two_box_sizes",
        "a * b; c * d; #1 + #2",
        "a 2-14, b 4-30, c 2-14, d 4-30",
        {"item": "eggs|pencils|tiles|candles|apples"},
        "There are {a} small boxes with {b} {item} each and {c} large ones with {d} {item} each. "
        "How many {item} are there?",
        "{name} fills {c} large boxes with {d} {item} each and {a} small ones with {b} each. "
        "How many {item} is that?",
    ),
    family(
        "two_animals_fed",
        "a * b; c * d; #1 + #2",
        "a 2-15, b 3-20, c 2-15, d 3-20",
        {"one/two": "horses/cows|dogs/cats|geese/hens|lions/bears"},
        "{a} {one} eat {b} kg each and {c} {two} eat {d} kg each. How many kg of food is that?",
        "Each of {a} {one} gets {b} kg of food and each of {c} {two} gets {d} kg. How many kg are needed?",
    ),
    family(
        "flour_used_then_bags",
        "a * b; #1 - c; #2 / d",
        "a 4-15, b 6-30, c 4-60, d 3-15",
        {"what": "flour|rice|sand|sugar"},
        "{name} has {a} sacks of {b} kg {what}, uses {c} kg and fills the rest into bags of {d} kg. "
        "How many bags are filled?",
        "{c} kg of the {what} in {a} sacks of {b} kg are used. How many bags of {d} kg does the rest fill?",
    ),
    family(
        "club_money",
        "a * b; #1 - c; #2 / d",
        "a 4-20, b 5-25, c 10-90, d 3-25",
        {"item": "balls|flags|nets|whistles"},
        "{a} members pay {b} dollars each. After a bill of {c} dollars the club buys {item} at {d} dollars. "
        "How many {item} is that?",
        "A club gets {b} dollars from each of {a} members and spends {c} on rent. "
        "How many {item} for {d} dollars can it buy with the rest?",
    ),
    family(
        "chairs_moved",
        "a * b; #1 - c; #2 / d",
        "a 4-15, b 6-25, c 5-60, d 3-15",
        {"item": "chairs|benches|plants|lamps"},
        "From {a} rows of {b} {item}, {c} are taken away. The others are set in {d} equal rows. "
        "How many {item} are in each row?",
        "{name} takes {c} {item} out of {a} rows of {b} and puts the rest in {d} equal rows. "
        "How many {item} has each row?",
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
    family(
        "two_kinds_with_coupon",
        "a * b; c * d; #1 + #2; #3 - e",
        "a 2-12, b 4-25, c 2-12, d 4-25, e 5-50",
        {"one/two": "shirts/socks|plates/bowls|pizzas/salads|chairs/stools"},
        "{name} buys {a} {one} at {b} dollars and {c} {two} at {d} dollars with a coupon for {e} dollars. "
        "How much does {she} pay?",
        "{a} {one} cost {b} dollars each and {c} {two} cost {d} dollars each. "
        "With {e} dollars off, what is the price of all?",
    ),
    family(
        "seats_two_blocks_taken",
        "a * b; c * d; #1 + #2; #3 - e",
        "a 3-12, b 5-24, c 3-12, d 5-24, e 10-90",
        {"place": "hall|theatre|stadium|cinema"},
        "A {place} has {a} rows of {b} seats and {c} rows of {d} seats. {e} seats are taken. "
        "How many seats are free?",
        "{e} people sit in a {place} with {a} rows of {b} seats and {c} rows of {d}. "
        "How many seats are empty?",
    ),
    family(
        "two_trays_sold",
        "a * b; c * d; #1 + #2; #3 - e",
        "a 2-12, b 5-24, c 2-12, d 5-24, e 5-80",
        {"one/two": "rolls/buns|tarts/pies|muffins/scones|donuts/waffles"},
        "{name} bakes {a} trays of {b} {one} and {c} trays of {d} {two}. {e} of them are sold. "
        "How many are left?",
        "From {a} trays with {b} {one} each and {c} trays with {d} {two} each, {e} pieces are eaten. "
        "How many pieces remain?",
    ),
)
