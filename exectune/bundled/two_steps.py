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
        "Each {box} holds {b} {item}. How many {item} are in {a} {boxes} together with {c} single ones?",
    ),
    family(
        "hire_with_fee",
        "a * b; #1 + c",
        "a 2-12, b 4-25, c 5-50",
        {"thing": "boat|van|bike|tent|saw"},
        "Hiring a {thing} costs {b} dollars an hour plus a fee of {c} dollars. What do {a} hours cost?",
        "{name} hires a {thing} for {a} hours at {b} dollars an hour and pays a fee of {c} dollars. "
        "How much is it?",
        "There is a fee of {c} dollars for a {thing}, then {b} dollars an hour. "
        "What does {name} pay for {a} hours?",
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
        "How many dollars will {name} have in {a} {weeks}, starting with {c} and adding {b} each {week}?",
    ),
    # a * b - c
    family(
        "sold_from_trays",
        "a * b; #1 - c",
        "a 3-15, b 6-24, c 5-90",
        {"item": "muffins|rolls|tarts|cupcakes", "tray/trays": "tray/trays|plate/plates|tin/tins"},
        "{name} bakes {a} {trays} of {b} {item} and sells {c} of them. How many {item} are left?",
        "There are {b} {item} on each of {a} {trays}. After {c} {item} are eaten, how many remain?",
        "How many {item} does {name} have left from {a} {trays} of {b}, once {c} {item} are sold?",
    ),
    family(
        "earned_then_spent",
        "a * b; #1 - c",
        "a 3-12, b 8-30, c 10-90",
        {"job": "gardening|babysitting|painting|teaching"},
        "{name} earns {b} dollars an hour by {job} and works {a} hours. Then {she} spends {c} dollars. "
        "What is left?",
        "After {a} hours of {job} at {b} dollars an hour, {name} spends {c} dollars. "
        "How many dollars remain?",
        "How much does {name} keep, if {she} is paid {b} dollars for each of {a} hours and spends {c} "
        "dollars?",
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
        "With a coupon worth {c} dollars, what do {a} {item} at {b} dollars each cost?",
    ),
    # a - b - c
    family(
        "two_days_reading",
        "a - b; #1 - c",
        "a 90-300:5, b 11-60, c 11-60",
        {"book": "book|novel|guide|diary"},
        "A {book} has {a} pages. {name} reads {b} pages on Monday and {c} on Tuesday. "
        "How many pages are left?",
        "{name} reads {b} pages of a {book} with {a} pages, then {c} more. How many pages remain?",
        "How many of the {a} pages of a {book} are left, after {name} reads {b} pages and later {c} pages?",
    ),
    family(
        "two_payments",
        "a - b; #1 - c",
        "a 70-200:5, b 8-50, c 8-50",
        {"one": "food|shoes|petrol", "two": "a gift|a ticket|a haircut"},
        "{name} has {a} dollars. {She} pays {b} dollars for {one} and {c} dollars for {two}. "
        "How much is left?",
        "Out of {a} dollars, {name} spends {b} on {one} and {c} on {two}. How many dollars remain?",
        "How much of {name}'s {a} dollars is left after {b} dollars for {one} and {c} dollars for {two}?",
    ),
    # a + b + c
    family(
        "three_days",
        "a + b; #1 + c",
        "a 8-80, b 8-80, c 8-80",
        {"item": "letters|tickets|flowers|loaves|papers"},
        "{name} sold {a} {item} on Friday, {b} on Saturday and {c} on Sunday. "
        "How many {item} did {she} sell?",
        "On three days {name} sold {a}, {b} and {c} {item}. How many {item} was that altogether?",
        "How many {item} did {name} sell in three days, with {a} on the first, {b} on the second and {c} on "
        "the third?",
    ),
    family(
        "three_friends",
        "a + b; #1 + c",
        "a 5-70, b 5-70, c 5-70",
        {"item": "cards|rocks|stamps|leaves|tokens"},
        "{name} has {a} {item}, {other} has {b} and Mia has {c}. How many {item} do the three have together?",
        "Mia puts {c} {item} with {name}'s {a} and {other}'s {b}. How many {item} are there in all?",
        "How many {item} are there, if {name} brings {a}, {other} brings {b} and Mia brings {c}?",
    ),
    # (a + b) * c
    family(
        "two_kinds_each_week",
        "a + b; #1 * c",
        "a 3-30, b 3-30, c 3-15",
        {"one/two": "cakes/pies|hats/gloves|vases/bowls|tables/benches"},
        "Every week {name} makes {a} {one} and {b} {two}. How many things does {she} make in {c} weeks?",
        "In one week {name} makes {a} {one} and {b} {two}. How many things is that in {c} weeks?",
        "How many things does {name} make in {c} weeks, with {a} {one} and {b} {two} each week?",
    ),
    family(
        "meal_for_all",
        "a + b; #1 * c",
        "a 5-25, b 2-12, c 3-20",
        {"one/two": "burger/juice|soup/roll|pizza/salad|sandwich/tea"},
        "A {one} costs {a} dollars and a {two} {b} dollars. What do {c} people pay, if each takes both?",
        "Each of {c} friends buys a {one} for {a} dollars and a {two} for {b} dollars. What is the total?",
        "How much do {c} meals cost, when a meal is a {one} at {a} dollars with a {two} at {b} dollars?",
    ),
    # (a - b) * c
    family(
        "profit",
        "a - b; #1 * c",
        "a 12-60, b 4-45, c 4-30",
        {"item": "bags|lamps|caps|frames|scarves"},
        "{name} buys {item} for {b} dollars each and sells them for {a} dollars each. "
        "What is the profit on {c} {item}?",
        "A shop sells {item} at {a} dollars that cost it {b} dollars. How much does it gain on {c} of them?",
        "What does {name} gain by selling {c} {item}, each bought for {b} dollars and sold for {a} dollars?",
    ),
    family(
        "net_each_day",
        "a - b; #1 * c",
        "a 12-60, b 3-40, c 3-20",
        {"item/place": "books/library|crates/depot|parcels/shop|bricks/yard"},
        "Each day {a} {item} come into the {place} and {b} go out. "
        "How many more {item} are there after {c} days?",
        "A {place} takes in {a} {item} a day and gives out {b}. By how many does its stock grow in {c} days?",
        "In {c} days, how much does the stock grow, if {a} {item} enter the {place} daily and {b} leave it?",
    ),
    # (a + b) / c
    family(
        "pool_and_share",
        "a + b; #1 / c",
        "a 10-90, b 10-90, c 3-12",
        {"item": "nuts|shells|sweets|grapes|coins"},
        "{name} has {a} {item} and {other} has {b}. They share all of them among {c} children. "
        "How many does each get?",
        "{c} children share {name}'s {a} {item} and {other}'s {b} {item} equally. "
        "How many {item} does each child get?",
        "How many {item} does each of {c} children get from {a} {item} and another {b} {item}, shared "
        "fairly?",
    ),
    family(
        "bill_split",
        "a + b; #1 / c",
        "a 20-95, b 10-90, c 3-12",
        {"one/two": "food/drinks|rooms/parking|tickets/snacks|paint/brushes"},
        "The {one} cost {a} dollars and the {two} cost {b} dollars. {c} friends split the bill. "
        "What does each pay?",
        "{c} friends pay together {a} dollars for {one} and {b} dollars for {two}. How much is it for each?",
        "What is each person's share, when {c} people split {a} dollars for {one} and {b} dollars for {two}?",
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
        "How many {bags} of {c} {item} can {name} fill from {a} {item}, if {b} are thrown away first?",
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
        "How many weeks must {name} save {c} dollars to buy a {thing} for {a} dollars, with {b} dollars in "
        "hand?",
    ),
    # a / b + c
    family(
        "share_plus_own",
        "a / b; #1 + c",
        "a 24-180, b 3-12, c 3-40",
        {"item": "stickers|pears|marbles|toffees"},
        "{b} friends share {a} {item} equally. {name} is one of them and had {c} before. "
        "How many does {name} have now?",
        "{name} had {c} {item}. Then {a} {item} were shared among {b} children, {name} too. "
        "How many does {she} have now?",
        "How many {item} does {name} have, with {c} of {her} own and a fair share of {a} {item} for {b} "
        "children?",
    ),
    family(
        "part_cost_plus_fee",
        "a / b; #1 + c",
        "a 40-300:5, b 4-10, c 3-30",
        {"thing": "cabin|bus|boat|hall"},
        "{b} people share the price of a {thing}, {a} dollars. Each also pays {c} dollars for food. "
        "What does each pay?",
        "A {thing} for {b} people costs {a} dollars. "
        "With {c} dollars for lunch, how much does each person pay?",
        "What does one person pay, if {b} people split {a} dollars for a {thing} and lunch is {c} dollars "
        "each?",
    ),
    # a / b - c
    family(
        "share_less_eaten",
        "a / b; #1 - c",
        "a 60-240, b 3-8, c 2-15",
        {"item": "cookies|dates|plums|grapes"},
        "{a} {item} are shared equally by {b} children. {name} eats {c} of {her} share. "
        "How many does {name} have left?",
        "{name} gets a fair share of {a} {item} for {b} children and eats {c}. "
        "How many {item} are left for {name}?",
        "How many {item} does {name} have left, after a share of {a} {item} among {b} children and giving "
        "{c} away?",
    ),
    family(
        "discount_each",
        "a / b; #1 - c",
        "a 60-300, b 3-12, c 2-14",
        {"item": "chairs|vases|rugs|helmets"},
        "{b} {item} cost {a} dollars. Today each is {c} dollars cheaper. What does one cost today?",
        "The price of {b} {item} is {a} dollars. With {c} dollars off each, how much is one?",
        "How much is one today, if {b} {item} used to cost {a} dollars and each is now {c} dollars less?",
    ),
    # a * b / c
    family(
        "repack",
        "a * b; #1 / c",
        "a 3-20, b 4-24, c 3-20",
        {"item": "jars|cups|toys|tiles|books"},
        "{a} boxes with {b} {item} each are emptied onto shelves of {c}. How many shelves are filled?",
        "{name} has {a} boxes of {b} {item} and puts {c} on each shelf. How many shelves does {she} need?",
        "How many shelves of {c} {item} can be filled from {a} boxes that hold {b} {item} each?",
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
        "The price of {two} is {c} dollars each. "
        "How many can {name} get after selling {a} {one} for {b} dollars each?",
    ),
    # a * b * c
    family(
        "nested_boxes",
        "a * b; #1 * c",
        "a 2-9, b 3-12, c 2-15",
        {
            "crate/crates/box/boxes": "crate/crates/box/boxes|truck/trucks/crate/crates|"
            "shelf/shelves/basket/baskets",
            "item": "bulbs|cups|melons|bottles",
        },
        "There are {a} {crates} with {b} {boxes} each, and every {box} holds {c} {item}. "
        "How many {item} are there?",
        "Each of {a} {crates} holds {b} {boxes} of {c} {item}. How many {item} is that?",
        "How many {item} are in {a} {crates}, if a {crate} holds {b} {boxes} and a {box} holds {c} {item}?",
    ),
    family(
        "daily_for_weeks",
        "a * b; #1 * c",
        "a 2-8, b 3-25, c 3-20",
        {"thing/does": "km/runs|pages/writes|laps/swims|songs/plays"},
        "{name} {does} {b} {thing} a day on {a} days of each week. How many {thing} is that in {c} weeks?",
        "On {a} days a week {name} {does} {b} {thing}. How many {thing} is that after {c} weeks?",
        "For {c} weeks {name} {does} {b} {thing} on each of {a} days a week. How many {thing} is it in all?",
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
        "How many people are on a {bus} that had {a}, took on {b} and let off {c}?",
    ),
    family(
        "stock_after_sale",
        "a + b; #1 - c",
        "a 15-90, b 15-90, c 8-90",
        {"item": "rings|flags|drums|kettles|carpets"},
        "A shop has {a} {item}, gets {b} more and sells {c}. How many {item} does it have then?",
        "After a delivery of {b} {item} to the {a} in stock, a shop sells {c}. How many {item} are left?",
        "How many {item} are in a shop that began with {a}, sold {c} and received {b}?",
    ),
    # a / b * c
    family(
        "price_of_several",
        "a / b; #1 * c",
        "a 12-120, b 2-12, c 3-20",
        {"item": "pens|bricks|pipes|cups|seeds"},
        "{b} {item} cost {a} dollars. What do {c} {item} cost?",
        "If {name} pays {a} dollars for {b} {item}, how many dollars does {she} pay for {c} {item}?",
        "At the same price, how much are {c} {item}, when {b} {item} cost {a} dollars?",
    ),
    family(
        "same_rate",
        "a / b; #1 * c",
        "a 20-240, b 3-12, c 3-20",
        {"machine/item": "press/posters|kiln/tiles|loom/mats|robot/bolts"},
        "A {machine} makes {a} {item} in {b} hours. How many {item} does it make in {c} hours?",
        "In {b} hours a {machine} makes {a} {item}. At that rate, how many {item} are made in {c} hours?",
        "How many {item} come from a {machine} in {c} hours, if it makes {a} in {b} hours?",
    ),
    # a - b * c
    family(
        "money_after_items",
        "b * c; a - #1",
        "a 60-200:10, b 2-12, c 3-25",
        {"item": "books|caps|jars|balls|maps"},
        "{name} has {a} dollars and buys {b} {item} at {c} dollars each. How much money is left?",
        "Out of {a} dollars {name} pays for {b} {item}, each {c} dollars. How many dollars remain?",
        "How many dollars are left of {a}, after {name} buys {b} {item} for {c} dollars each?",
    ),
    family(
        "rope_cut",
        "b * c; a - #1",
        "a 60-250:5, b 2-14, c 3-20",
        {"thing": "rope|cable|ribbon|pipe"},
        "From a {thing} of {a} m, {name} cuts {b} pieces of {c} m. How many metres are left?",
        "A {thing} is {a} m long. {b} pieces, each {c} m long, are cut off. How long is the rest?",
        "How many metres of a {a} m {thing} remain, once {b} pieces of {c} m have been cut from it?",
    ),
    # a + (a + b)
    family(
        "more_than_together",
        "a + b; a + #1",
        "a 10-60, b 4-40",
        {"item": "books|goals|medals|shells|songs"},
        "{name} has {a} {item}. {other} has {b} more than {name}. How many {item} do they have together?",
        "{other} has {b} {item} more than {name}, who has {a}. How many {item} do both have in all?",
        "How many {item} do two friends have together, if {name} has {a} and {other} has {b} more than that?",
    ),
    # a + a * b
    family(
        "times_as_many_together",
        "a * b; #1 + a",
        "a 5-40, b 3-9",
        {"item": "coins|cards|sheep|stamps|roses"},
        "{name} has {a} {item}. {other} has {b} times as many. How many {item} do they have together?",
        "{other} has {b} times as many {item} as {name}, who has {a}. How many {item} is that for both?",
        "How many {item} are there in all, if {name} has {a} and {other} has {b} times as many?",
    ),
    family(
        "half_as_many_together",
        "a / 2; #1 + a",
        "a 12-160:2",
        {"item": "clips|pots|kites|tickets|plants"},
        "{name} sold {a} {item} in May and half as many in June. "
        "How many {item} did {she} sell in both months?",
        "In June {name} sold half as many {item} as the {a} sold in May. How many {item} is that in all?",
        "How many {item} were sold in two months, with {a} in the first month and half as many in the "
        "second?",
    ),
)
