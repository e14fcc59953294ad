"""The families whose problems take two steps."""

from exectune.bundled.family import Family, family

TWO_STEPS: tuple[Family, ...] = (
    # a * b + c
    family(
        "boxes_and_loose",
        "a * b; #1 + c",
        "a 3-15, b 4-20, c 3-40",
        {"item": "pens|candles|balls|pears|screws", "box/boxes": "box/boxes|bag/bags|tray/trays"},
        "{name} has {a} {boxes} with {b} {item} in each and {c} loose {item}. "
        "How many {item} does {name} have?",
        "Besides {c} loose {item}, {name} has {a} {boxes} of {b} {item}. How many {item} is that in all?",
    ),
    family(
        "savings_grow",
        "a * b; #1 + c",
        "a 3-20, b 4-30, c 10-95",
        {"week/weeks": "week/weeks|month/months|day/days"},
        "{name} has {c} dollars and saves {b} dollars every {week}. "
        "How much does {she} have after {a} {weeks}?",
        "For {a} {weeks} {name} saves {b} dollars a {week}. {She} had {c} dollars before. "
        "How much is it now?",
    ),
    # a * b - c
    family(
        "sold_from_trays",
        "a * b; #1 - c",
        "a 3-15, b 6-24, c 5-90",
        {"item": "muffins|rolls|tarts|cupcakes", "tray/trays": "tray/trays|plate/plates|tin/tins"},
        "{name} bakes {a} {trays} of {b} {item} and sells {c} of them. How many {item} are left?",
        "There are {b} {item} on each of {a} {trays}. After {c} {item} are eaten, how many remain?",
    ),
    family(
        "coupon",
        "a * b; #1 - c",
        "a 2-15, b 6-40, c 5-30",
        {"item": "books|shirts|chairs|games|pans"},
        "{a} {item} cost {b} dollars each. A coupon takes {c} dollars off the bill. "
        "How much does {name} pay?",
        "{name} has a coupon for {c} dollars and buys {a} {item} at {b} dollars each. "
        "What is the final price?",
    ),
    # (a - b) / c
    family(
        "rest_into_bags",
        "a - b; #1 / c",
        "a 40-200, b 4-60, c 3-15",
        {"item": "apples|onions|lemons|potatoes", "bag/bags": "bag/bags|net/nets|box/boxes"},
        "{name} picks {a} {item}, eats {b} and packs the rest with {c} in each {bag}. "
        "How many {bags} are there?",
        "Of {a} {item}, {b} are bad. The others go into {bags} of {c}. How many {bags} are filled?",
    ),
    family(
        "rest_over_weeks",
        "a - b; #1 / c",
        "a 60-300:5, b 10-90, c 4-30",
        {"thing": "bike|piano|phone|tent|drone"},
        "A {thing} costs {a} dollars. {name} has {b} dollars and saves {c} dollars a week. "
        "How many weeks does it take?",
        "{name} pays {b} dollars now for a {thing} of {a} dollars, then {c} dollars a week. "
        "How many weeks is that?",
    ),
    # a * b / c
    family(
        "repack",
        "a * b; #1 / c",
        "a 3-20, b 4-24, c 3-20",
        {"item": "jars|cups|toys|tiles|books"},
        "{a} boxes with {b} {item} each are emptied onto shelves of {c}. How many shelves are filled?",
        "{name} has {a} boxes of {b} {item} and puts {c} on each shelf. How many shelves does {she} need?",
    ),
    family(
        "trade_value",
        "a * b; #1 / c",
        "a 3-20, b 4-30, c 3-25",
        {"one/two": "eggs/hens|melons/knives|rugs/lamps|fish/nets"},
        "{name} sells {a} {one} at {b} dollars each and buys {two} at {c} dollars each. "
        "How many {two} can {she} buy?",
        "At {c} dollars each, how many {two} can {name} buy with the money from {a} {one} sold at {b} "
        "dollars?",
    ),
    # a + b - c
    family(
        "bus_stop",
        "a + b; #1 - c",
        "a 12-60, b 4-40, c 5-50",
        {"bus": "bus|train|ferry|tram"},
        "A {bus} carries {a} people. At a stop {b} get on and {c} get off. How many people are on it now?",
        "{b} people get on a {bus} with {a} people, and then {c} leave it. "
        "How many people stay on the {bus}?",
    ),
    family(
        "stock_after_sale",
        "a + b; #1 - c",
        "a 15-90, b 15-90, c 8-90",
        {"item": "rings|flags|drums|kettles|carpets"},
        "A shop has {a} {item}, gets {b} more and sells {c}. How many {item} does it have then?",
        "After a delivery of {b} {item} to the {a} in stock, a shop sells {c}. How many {item} are left?",
    ),
    # a - b * c
    family(
        "money_after_items",
        "b * c; a - #1",
        "a 60-200:10, b 2-12, c 3-25",
        {"item": "books|caps|jars|balls|maps"},
        "{name} has {a} dollars and buys {b} {item} at {c} dollars each. How much money is left?",
        "Out of {a} dollars {name} pays for {b} {item}, each {c} dollars. How many dollars remain?",
    ),
    family(
        "rope_cut",
        "b * c; a - #1",
        "a 60-250:5, b 2-14, c 3-20",
        {"thing": "rope|cable|ribbon|pipe"},
        "From a {thing} of {a} m, {name} cuts {b} pieces of {c} m. How many metres are left?",
        "A {thing} is {a} m long. {b} pieces, each {c} m long, are cut off. How long is the rest?",
    ),
)
