"""The families of the held-out split: stories and questions that occur in no other split."""

from exectune.bundled.family import Family, family

HELD_OUT: tuple[Family, ...] = (
    family(
        "temperature_drop",
        "a - b",
        "a 30-98, b 5-70",
        {"thing": "boiler|kettle|pan|grill"},
        "A {thing} was at {a} degrees and has cooled by {b} degrees. How many degrees is it now?",
        "What is the temperature of a {thing} that cooled by {b} degrees from {a} degrees?",
    ),
    family(
        "area",
        "a * b",
        "a 3-30, b 3-25",
        {"place": "garden|carpet|wall|field"},
        "A {place} is {a} m long and {b} m wide. What is its area in square metres?",
        "What is the area of a {place} with a length of {a} m and a width of {b} m?",
    ),
    family(
        "teams",
        "a / b",
        "a 20-180, b 3-15",
        {"who": "players|dancers|singers|runners"},
        "{a} {who} form teams of {b}. How many teams are there?",
        "How many teams of {b} can be made from {a} {who}?",
    ),
    family(
        "tank_filling",
        "a * b; #1 + c",
        "a 3-20, b 4-30, c 10-90",
        {"tank": "tank|pool|barrel|trough"},
        "A {tank} holds {c} litres. A tap adds {b} litres a minute for {a} minutes. "
        "How many litres does it hold then?",
        "For {a} minutes {b} litres of water a minute flow into a {tank} that had {c} litres. "
        "How much is in it now?",
    ),
    family(
        "choir_on_stage",
        "a - b; #1 / c",
        "a 40-180, b 4-40, c 3-15",
        {"who": "singers|pupils|soldiers|dancers"},
        "{b} of {a} {who} are ill. The rest stand in {c} equal lines. How many {who} stand in each line?",
        "There are {a} {who}, but {b} are away. The others stand in {c} equal lines. "
        "How many are in one line?",
    ),
    family(
        "load",
        "a + b; #1 - c",
        "a 40-95, b 20-90, c 10-80",
        {"thing": "cart|sled|lift|raft"},
        "A {thing} carries {a} kg. {name} loads {b} kg more and takes {c} kg off. "
        "How many kg does it carry now?",
        "{b} kg are added to the {a} kg on a {thing}, then {c} kg are taken down. What is the load in kg?",
    ),
    family(
        "fuel_burnt",
        "b * c; a - #1",
        "a 60-200:5, b 2-12, c 3-15",
        {"thing/fuel": "stove/gas|car/petrol|boat/oil|lamp/oil"},
        "A {thing} has {a} units of {fuel} and burns {c} units an hour. "
        "How many units are left after {b} hours?",
        "Every hour a {thing} burns {c} units of {fuel}. It starts with {a} units. "
        "What is left after {b} hours?",
    ),
    family(
        "work_crew",
        "a * b; #1 / c",
        "a 2-15, b 3-24, c 2-15",
        {"job": "ditch|road|roof|bridge"},
        "{a} workers need {b} days for a {job}. How many days do {c} workers need for it?",
        "A {job} takes {a} workers {b} days. At the same pace, how many days does it take {c} workers?",
    ),
    family(
        "journey_two_parts",
        "a * b; c * d; #1 + #2",
        "a 2-9, b 12-80, c 2-9, d 12-80",
        {"who": "driver|pilot|rider|sailor"},
        "A {who} goes {a} hours at {b} km an hour and {c} hours at {d} km an hour. "
        "How many km is the journey?",
        "For {a} hours a {who} does {b} km an hour, then for {c} hours {d} km an hour. How far is that?",
    ),
    family(
        "tents",
        "a * b; #1 - c; #2 / d",
        "a 3-12, b 5-25, c 3-40, d 3-12",
        {"who": "pupils|scouts|guests|nurses"},
        "{a} buses bring {b} {who} each. {c} go home early, the rest sleep {d} to a tent. "
        "How many tents are needed?",
        "From {a} buses with {b} {who} each, {c} leave. The others form groups of {d}. "
        "How many groups are there?",
    ),
    family(
        "score_with_penalty",
        "a * b; c * d; #1 + #2; #3 - e",
        "a 3-15, b 2-20, c 3-15, d 2-20, e 3-40",
        {"game": "quiz|game|contest|match"},
        "In a {game} {name} gets {a} answers for {b} points, {c} for {d} points, and loses {e} points. "
        "What is the score?",
        "{name} wins {b} points {a} times and {d} points {c} times in a {game}, then loses {e}. "
        "How many points is that?",
    ),
)
