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
        "Each of {a} {one} costs {b} dollars, and each of {c} {two} costs {d} dollars. What is the bill?",
    ),
    family(
        "two_jobs",
        "a * b; c * d; #1 + #2",
        "a 3-15, b 6-30, c 3-15, d 6-30",
        {"one/two": "a cafe/a shop|a farm/a school|a bank/a museum"},
        "{name} works {a} hours in {one} for {b} dollars an hour and {c} hours in {two} for {d}. "
        "What does {she} earn?",
        "At {b} dollars an hour {name} works {a} hours in {one}, and at {d} dollars {c} hours in {two}. "
        "How much is that?",
        "How much does {name} earn from {a} hours in {one} at {b} dollars and {c} hours in {two} at {d} "
        "dollars?",
    ),
    family(
        "two_seat_blocks",
        "a * b; c * d; #1 + #2",
        "a 3-15, b 5-24, c 3-15, d 5-24",
        {"hall": "theatre|cinema|hall|stadium", "up": "upstairs|at the back|on the balcony"},
        "A {hall} has {a} rows of {b} seats in front and {c} rows of {d} seats {up}. How many seats is that?",
        "In a {hall} there are {c} rows of {d} seats {up} and {a} rows of {b} in front. "
        "How many seats are there?",
        "How many seats are in a {hall} with {a} front rows of {b} seats and {c} rows of {d} seats {up}?",
    ),
    # a * b - c * d
    family(
        "sales_less_costs",
        "a * b; c * d; #1 - #2",
        "a 8-30, b 5-25, c 2-12, d 3-20",
        {"item/part": "cakes/bags of flour|shirts/rolls of cloth|chairs/boards|candles/blocks of wax"},
        "{name} sells {a} {item} at {b} dollars and pays for {c} {part} at {d} dollars each. "
        "What is the profit?",
        "For {c} {part} {name} pays {d} dollars each. {She} sells {a} {item} at {b} dollars. "
        "How much is gained?",
        "What is left from {a} {item} sold at {b} dollars each, after buying {c} {part} at {d} dollars each?",
    ),
    family(
        "which_is_more",
        "a * b; c * d; #1 - #2",
        "a 6-20, b 8-30, c 2-12, d 4-20",
        {"item": "eggs|apples|nails|pencils|tulips"},
        "{name} has {a} boxes of {b} {item}, {other} has {c} boxes of {d}. "
        "How many more {item} does {name} have?",
        "{other} has {c} boxes with {d} {item} each; {name} has {a} boxes with {b}. "
        "By how many is {name} ahead?",
        "How many more {item} are in {a} boxes of {b} than in {c} boxes of {d}?",
    ),
    # (a * b + c) / d
    family(
        "collect_then_share",
        "a * b; #1 + c; #2 / d",
        "a 3-12, b 4-20, c 4-40, d 3-12",
        {"item": "sweets|shells|cards|nuts", "bag/bags": "bag/bags|jar/jars|tin/tins"},
        "{a} {bags} of {b} {item} and {c} loose {item} are shared by {d} children. How many does each get?",
        "{name} has {a} {bags} with {b} {item} each and {c} more. {d} friends share them. How many for each?",
        "How many {item} does each of {d} children get from {a} {bags} of {b} and {c} single {item}?",
    ),
    family(
        "trip_cost_share",
        "a * b; #1 + c; #2 / d",
        "a 2-9, b 20-90:5, c 10-90:5, d 3-10",
        {"place": "hostel|cabin|hotel|lodge"},
        "{d} friends stay {a} nights in a {place} at {b} dollars a night and pay {c} dollars for food. "
        "What does each pay?",
        "A {place} costs {b} dollars a night. {d} friends stay {a} nights, with {c} dollars for meals. "
        "How much is it for each?",
        "What is each one's part, if {d} friends split {a} nights at {b} dollars and {c} dollars for meals?",
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
        "How many bags of {d} can {name} fill with {a} trays of {b} {item}, once {c} {item} are gone?",
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
        "A {gift} costs {d} dollars. How many can {name} buy after earning {b} dollars in each of {a} hours "
        "and spending {c}?",
    ),
    # (a + b + c) / d
    family(
        "three_piles_shared",
        "a + b; #1 + c; #2 / d",
        "a 8-70, b 8-70, c 8-70, d 3-12",
        {"item": "blocks|cards|cones|pebbles"},
        "{name} puts piles of {a}, {b} and {c} {item} together and makes {d} equal piles. "
        "How many are in each pile?",
        "Three heaps hold {a}, {b} and {c} {item}. They are shared among {d} children. "
        "How many does each get?",
        "How many {item} does each of {d} teams get, when {a}, {b} and {c} {item} are pooled and shared?",
    ),
    # a * b + c - d
    family(
        "stock_day",
        "a * b; #1 + c; #2 - d",
        "a 3-12, b 5-24, c 5-60, d 5-80",
        {"item": "jars|radios|pillows|boots"},
        "A shop gets {a} boxes of {b} {item}, had {c} already and sells {d}. How many {item} are left?",
        "With {c} {item} in stock, a shop buys {a} boxes of {b} and sells {d}. How many does it have then?",
        "How many {item} does a shop have that had {c}, received {a} boxes of {b} and sold {d}?",
    ),
    family(
        "pocket_money",
        "a * b; #1 + c; #2 - d",
        "a 3-12, b 5-25, c 5-60, d 8-80",
        {"thing": "game|jacket|radio|skateboard"},
        "{name} gets {b} dollars a week for {a} weeks, then {c} dollars as a gift, "
        "and buys a {thing} for {d} dollars. What is left?",
        "After saving {b} dollars in each of {a} weeks and finding {c} dollars, "
        "{name} pays {d} dollars for a {thing}. How much is left?",
        "How many dollars does {name} have, who saved {b} dollars in each of {a} weeks, got {c} more and "
        "spent {d} on a {thing}?",
    ),
    # (a - b - c) / d
    family(
        "seedlings",
        "a - b; #1 - c; #2 / d",
        "a 60-250, b 5-50, c 5-50, d 3-15",
        {"plant": "seedlings|bulbs|cuttings|saplings"},
        "Of {a} {plant}, {b} die and {c} are sold. {name} plants the rest in rows of {d}. "
        "How many rows is that?",
        "{name} has {a} {plant}. {b} dry out, {c} are given away, the others fill {d} equal beds. "
        "How many per bed?",
        "How many rows of {d} can be planted from {a} {plant}, after losing {b} and selling {c}?",
    ),
    # (a + b) * c - d
    family(
        "two_kinds_then_sold",
        "a + b; #1 * c; #2 - d",
        "a 3-25, b 3-25, c 3-12, d 5-90",
        {"one/two": "red/blue|large/small|plain/striped", "item": "bowls|kites|mats|candles"},
        "{name} makes {a} {one} and {b} {two} {item} a day for {c} days and sells {d}. "
        "How many {item} are left?",
        "For {c} days {a} {one} and {b} {two} {item} are made daily. Then {d} are sold. How many remain?",
        "How many {item} are left, if {a} {one} and {b} {two} ones are made on each of {c} days and {d} are "
        "sold?",
    ),
    # a - b * c - d
    family(
        "budget",
        "b * c; a - #1; #2 - d",
        "a 100-400:10, b 2-10, c 4-25, d 5-60",
        {"item": "pizzas|lamps|balls|cakes", "extra": "balloons|a taxi|music|flowers"},
        "{name} has {a} dollars for a party. "
        "{She} buys {b} {item} at {c} dollars and pays {d} dollars for {extra}. How much is left?",
        "Out of {a} dollars, {name} spends {c} dollars on each of {b} {item} and {d} dollars on {extra}. "
        "How many dollars remain?",
        "How much of {a} dollars is left, after {b} {item} at {c} dollars each and {d} dollars for {extra}?",
    ),
    # a * b * c + d
    family(
        "rooms_and_spares",
        "a * b; #1 * c; #2 + d",
        "a 2-9, b 3-12, c 2-9, d 4-60",
        {
            "house/houses/room/rooms/item": "house/houses/floor/floors/doors|hotel/hotels/room/rooms/beds|"
            "school/schools/room/rooms/lamps"
        },
        "Each of {a} {houses} has {b} {rooms} with {c} {item}. {d} more {item} are stored. "
        "How many {item} is that?",
        "{a} {houses} have {b} {rooms} each, and each {room} has {c} {item}. "
        "With {d} spare ones, how many {item} are there?",
        "How many {item} are there in {a} {houses} of {b} {rooms} with {c} {item} per {room}, and {d} in a "
        "store?",
    ),
    # a * b / c + d
    family(
        "share_of_bags",
        "a * b; #1 / c; #2 + d",
        "a 3-12, b 4-24, c 3-12, d 3-40",
        {"item": "peaches|tokens|beads|coins"},
        "{a} bags of {b} {item} are shared by {c} people. {name} gets a share and had {d} before. "
        "How many does {name} have now?",
        "{name} had {d} {item}, then got a fair share of {a} bags of {b} {item} for {c} people. "
        "How many does {she} have now?",
        "How many {item} does {name} have with {d} of {her} own and one of {c} equal shares of {a} bags of "
        "{b}?",
    ),
    # (a - b) / c * d
    family(
        "sell_packs",
        "a - b; #1 / c; #2 * d",
        "a 40-160, b 4-40, c 3-12, d 3-15",
        {"item": "eggs|peppers|figs|lemons"},
        "{name} has {a} {item}, keeps {b} and sells the rest in packs of {c} at {d} dollars a pack. "
        "What does {she} get?",
        "After {b} of {a} {item} spoil, the rest are sold in packs of {c} for {d} dollars each. "
        "How much is earned?",
        "How many dollars come from {a} {item}, if {b} are kept and the others sold in packs of {c} at {d} "
        "dollars a pack?",
    ),
)

FOUR_STEPS: tuple[Family, ...] = (
    # a * b + c * d + e
    family(
        "order_with_delivery",
        "a * b; c * d; #1 + #2; #3 + e",
        "a 2-12, b 3-20, c 2-12, d 3-20, e 4-40",
        {"one/two": "pizzas/drinks|lamps/bulbs|plants/pots|desks/chairs"},
        "{name} orders {a} {one} at {b} dollars, {c} {two} at {d} dollars, "
        "and pays {e} dollars for delivery. What is the total?",
        "Delivery costs {e} dollars. "
        "What does {name} pay for {a} {one} at {b} dollars and {c} {two} at {d} dollars?",
        "How much are {a} {one} for {b} dollars each, {c} {two} for {d} dollars each and a delivery for {e} "
        "dollars?",
    ),
    family(
        "orchard",
        "a * b; c * d; #1 + #2; #3 + e",
        "a 3-12, b 4-20, c 3-12, d 4-20, e 3-50",
        {"one/two": "apple/pear|plum/cherry|fig/peach"},
        "An orchard has {a} rows of {b} {one} trees, {c} rows of {d} {two} trees and {e} other trees. "
        "How many trees is that?",
        "There are {a} rows with {b} {one} trees, {c} rows with {d} {two} trees, and {e} old trees. "
        "How many in all?",
        "How many trees grow in {a} rows of {b} {one} trees, {c} rows of {d} {two} trees and a group of {e}?",
    ),
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
        "How much is left from {a} hours of {one} at {b} dollars and {c} hours of {two} at {d}, after paying "
        "{e} dollars?",
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
        "How many plants survive from {a} rows of {b} {one} and {c} rows of {d} {two}, if {e} die?",
    ),
    # (a * b + c * d) / e
    family(
        "two_box_kinds_shared",
        "a * b; c * d; #1 + #2; #3 / e",
        "a 2-10, b 4-20, c 2-10, d 4-20, e 3-12",
        {"item": "pencils|blocks|biscuits|balloons"},
        "{a} boxes of {b} {item} and {c} boxes of {d} {item} are shared by {e} classes. "
        "How many does each class get?",
        "{e} classes share {a} boxes with {b} {item} and {c} boxes with {d} {item}. "
        "How many {item} is that for each?",
        "How many {item} does each of {e} classes get from {a} boxes of {b} and {c} boxes of {d}?",
    ),
    family(
        "group_outing",
        "a * b; c * d; #1 + #2; #3 / e",
        "a 2-8, b 5-30, c 2-8, d 3-20, e 3-8",
        {"one/two": "tickets/lunches|boats/guides|rooms/meals"},
        "{a} {one} at {b} dollars and {c} {two} at {d} dollars are paid by {e} friends together. "
        "What does each pay?",
        "{e} friends split the cost of {a} {one} for {b} dollars each and {c} {two} for {d} dollars each. "
        "How much is it for one?",
        "What is each share, when {e} friends buy {a} {one} at {b} dollars and {c} {two} at {d} dollars?",
    ),
    # e - a * b - c * d
    family(
        "cash_after_two_kinds",
        "a * b; c * d; e - #1; #3 - #2",
        "a 2-9, b 3-20, c 2-9, d 3-20, e 150-400:10",
        {"one/two": "shirts/caps|books/pens|bowls/spoons"},
        "{name} has {e} dollars and buys {a} {one} at {b} dollars and {c} {two} at {d} dollars. "
        "How much is left?",
        "From {e} dollars, {name} pays for {a} {one}, {b} dollars each, and {c} {two}, {d} dollars each. "
        "How many dollars remain?",
        "How much of {e} dollars is left after {a} {one} at {b} dollars each and {c} {two} at {d} dollars "
        "each?",
    ),
    family(
        "store_shelves",
        "a * b; c * d; e - #1; #3 - #2",
        "a 2-9, b 4-20, c 2-9, d 4-20, e 150-400:5",
        {"item": "books|cans|games|plates"},
        "Of {e} {item}, {a} shelves take {b} each and {c} shelves take {d} each. "
        "How many {item} are left over?",
        "{name} puts {b} {item} on each of {a} shelves and {d} on each of {c} others. "
        "Of {e} {item}, how many are left?",
        "How many of {e} {item} find no place on {a} shelves for {b} {item} and {c} shelves for {d}?",
    ),
)
