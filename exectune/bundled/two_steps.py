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
    # a * b + c
    family(
        "hire_with_fee",
        "a * b; #1 + c",
        "a 2-12, b 4-25, c 5-50",
        {"thing": "boat|van|bike|tent|saw"},
        "Hiring a {thing} costs {b} dollars an hour plus a fee of {c} dollars. What do {a} hours cost?",
        "{name} hires a {thing} for {a} hours at {b} dollars an hour and pays a fee of {c} dollars. "
        "How much is it?",
    ),
    family(
        "daily_laps",
        "a * b; #1 + c",
        "a 3-14, b 4-30, c 5-60",
        {"does/thing": "swims/laps|runs/km|reads/pages|writes/lines"},
        "{name} {does} {b} {thing} on each of {a} days and then {c} {thing} more. How many {thing} is that?",
        "After {a} days with {b} {thing} a day, {name} {does} {c} extra {thing}. "
        "How many {thing} are there in all?",
    ),
    family(
        "stacked_height",
        "a * b; #1 + c",
        "a 3-15, b 4-25, c 10-80",
        {"item/base": "bricks/wall|blocks/stand|planks/frame|crates/cart"},
        "On a {base} of {c} cm {name} stacks {a} {item}, each {b} cm high. How high is the top in cm?",
        "{a} {item} of {b} cm each are stacked on a {base} that is {c} cm high. "
        "What is the whole height in cm?",
    ),
    # a * b - c
    family(
        "earned_then_spent",
        "a * b; #1 - c",
        "a 3-12, b 8-30, c 10-90",
        {"job": "gardening|babysitting|painting|teaching"},
        "{name} earns {b} dollars an hour by {job} and works {a} hours. Then {she} spends {c} dollars. "
        "What is left?",
        "After {a} hours of {job} at {b} dollars an hour, {name} spends {c} dollars. "
        "How many dollars remain?",
    ),
    family(
        "empty_seats",
        "a * b; #1 - c",
        "a 4-20, b 6-30, c 5-90",
        {"place": "theatre|cinema|tent|hall|church"},
        "A {place} has {a} rows of {b} seats. {c} seats are taken. How many seats are free?",
        "{c} people sit in a {place} with {a} rows of {b} seats. How many seats are still empty?",
    ),
    family(
        "broken_on_the_way",
        "a * b; #1 - c",
        "a 3-15, b 6-30, c 3-60",
        {"item": "eggs|bottles|vases|tiles|bulbs"},
        "{a} crates with {b} {item} each arrive, but {c} {item} are broken. How many {item} are whole?",
        "Of the {item} in {a} crates of {b}, {c} broke on the way. How many are unbroken?",
    ),
    # (a - b) / c
    family(
        "seedlings_planted",
        "a - b; #1 / c",
        "a 50-220, b 5-60, c 3-15",
        {"item": "seedlings|bulbs|shrubs|trees"},
        "{name} has {a} {item}. {b} are lost, the rest are planted in {c} equal rows. "
        "How many {item} are in each row?",
        "After {b} of {a} {item} die, {name} plants the others in {c} equal rows. "
        "How many {item} are there in a row?",
    ),
    family(
        "bonus_after_costs",
        "a - b; #1 / c",
        "a 80-400:5, b 10-90, c 3-12",
        {"who": "waiters|clowns|artists|cleaners"},
        "{c} {who} earn {a} dollars together, pay {b} dollars for petrol and share the rest. "
        "How much does each get?",
        "Out of {a} dollars, {b} dollars go for rent. {c} {who} share what is left equally. "
        "What does each receive?",
    ),
    family(
        "pages_per_day",
        "a - b; #1 / c",
        "a 80-400:5, b 11-90, c 3-20",
        {"book": "novel|report|diary|guide"},
        "A {book} has {a} pages and {name} has read {b}. {She} reads the rest in {c} days, the same every day. "
        "How many pages a day?",
        "{name} still has to read a {book} of {a} pages, except the first {b}. Over {c} days, "
        "how many pages is that each day?",
    ),
    # a * b / c
    family(
        "orchard_crates",
        "a * b; #1 / c",
        "a 3-20, b 5-30, c 3-25",
        {"fruit": "pears|plums|lemons|peaches"},
        "{a} trees give {b} {fruit} each. They are packed with {c} in each crate. How many crates are packed?",
        "From each of {a} trees come {b} {fruit}. How many crates of {c} {fruit} is that?",
    ),
    family(
        "pooled_money",
        "a * b; #1 / c",
        "a 3-15, b 5-40, c 3-30",
        {"thing": "tickets|footballs|paint sets|chess sets"},
        "{a} friends put in {b} dollars each. How many {thing} at {c} dollars can they buy?",
        "With {b} dollars from each of {a} people, how many {thing} for {c} dollars each can be bought?",
    ),
    family(
        "food_lasts",
        "a * b; #1 / c",
        "a 3-20, b 4-30, c 2-20",
        {"animal": "horses|goats|rabbits|hens"},
        "There is food for {a} {animal} for {b} days. How many days does it last for {c} {animal}?",
        "A store of food lasts {a} {animal} {b} days. For how many days is it enough for {c} {animal}?",
    ),
    # a + b - c
    family(
        "account",
        "a + b; #1 - c",
        "a 20-200:5, b 10-90, c 10-90",
        {"one/two": "gift/tent|prize/coat|wage/bill|loan/meal"},
        "{name} has {a} dollars, receives a {one} of {b} dollars and pays {c} dollars for a {two}. "
        "How many dollars has {she} now?",
        "To {a} dollars come {b} dollars from a {one}, then {c} dollars go for a {two}. "
        "How much money is left?",
    ),
    family(
        "two_baskets_eaten",
        "a + b; #1 - c",
        "a 10-70, b 10-70, c 5-40",
        {"fruit": "figs|cherries|plums|dates"},
        "{name} picked {a} {fruit} and {other} picked {b}. Together they ate {c}. How many {fruit} are left?",
        "There are {a} {fruit} in one basket and {b} in another. {c} are eaten. How many remain?",
    ),
    family(
        "herd",
        "a + b; #1 - c",
        "a 15-90, b 5-40, c 5-60",
        {"animal": "cows|goats|geese|ponies"},
        "A farmer has {a} {animal}. {b} are born and {c} are sold. How many {animal} has the farmer then?",
        "On a farm with {a} {animal}, {b} are bought and {c} are given away. How many {animal} are there now?",
    ),
    # a - b * c
    family(
        "seats_left_after_groups",
        "b * c; a - #1",
        "a 60-250:5, b 2-12, c 3-20",
        {"place": "ferry|cinema|hall|stadium"},
        "A {place} has {a} seats. {b} groups of {c} people sit down. How many seats are left?",
        "{b} groups of {c} take places in a {place} with {a} seats. How many seats stay free?",
    ),
    family(
        "stock_given_out",
        "b * c; a - #1",
        "a 60-250:10, b 3-15, c 3-15",
        {"item": "pencils|badges|apples|stickers"},
        "{name} has {a} {item} and gives {c} to each of {b} children. How many {item} has {she} left?",
        "Each of {b} children gets {c} of {name}'s {a} {item}. How many {item} remain?",
    ),
    family(
        "way_after_days",
        "b * c; a - #1",
        "a 100-400:10, b 3-10, c 8-35",
        {"does": "walks|cycles|rows|rides"},
        "A trail is {a} km long. {name} {does} {c} km a day for {b} days. How many km are still ahead?",
        "On a way of {a} km {name} {does} {b} days, {c} km each day. How many km are left then?",
    ),
)
