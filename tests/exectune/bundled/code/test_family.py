"""What every form of every family and every piece computes, against values worked out by hand."""

from typing import Any

import pytest

from exectune.bundled.code import number_pieces, word_pieces
from exectune.bundled.code.arguments import WORDS
from exectune.bundled.code.generate import SEEN
from exectune.bundled.code.held_out import HELD_OUT
from exectune.bundled.code.piece import Piece
from exectune.bundled.code.trial import run_solution

FAMILIES = {family.name: family for family in SEEN + HELD_OUT}
NUMBERS = range(-60, 61)
LISTS: tuple[list[int], ...] = ([], [3], [-5], [4, 1, 9], [2, 2, 2, 2], [-7, 30, 0, 12, -1, 8])
TEXTS = ("", "-", ",", "tea", "Oslo,tea;ice", "a-b--c", " two  gaps ", "7 ants, 12 Cats-9")
PAIRS = ((2, 3), (3, 2), (-4, 4), (0, 0), (-5, -9))

# family, form, pieces, arguments, and what comes out
BY_HAND: list[tuple[str, int, str, tuple[Any, ...], Any]] = [
    ("sift_and_fold", 0, "test=even fold=total", ([1, 2, 4],), 6),
    ("sift_and_fold", 1, "test=odd change=squared fold=largest", ([2, 3, -5],), 25),
    ("sift_and_fold", 2, "test=odd change=raised fold=smallest", ([2, 3, 9],), 7),
    ("count_and_adjust", 0, "test=negative", ([-1, 0, 4, -7],), 2),
    ("count_and_adjust", 1, "test=large change=tripled", ([11, 10, 40],), 6),
    ("count_and_adjust", 2, "test=even other=odd", ([2, 3, 5],), -1),
    ("running_results", 0, "change=doubled", ([1, 2, 3],), [2, 6, 12]),
    ("running_results", 1, "test=even", ([1, 2, 4],), [0, 1, 2]),
    ("running_results", 2, "change=unsigned", ([2, -3, 1, 3, 4],), [2, 3, 4]),
    ("neighbours", 0, "fold=largest", ([1, 5, 6],), 4),
    ("neighbours", 1, "test=positive", ([3, -4, 5],), [1]),
    ("neighbours", 2, "fold=total take=first_three", ([2, 3, 4, 9],), 18),
    ("places", 0, "test=small", ([9, 1, 5, 4],), [1, 3]),
    ("places", 1, "fold=total take=last_two", ([5, 6, 7],), 13),
    ("places", 2, "take=every_second test=odd change=lowered", ([3, 5, 4, 7, 9],), [2, 8]),
    ("change_by_rule", 0, "test=odd change=doubled", ([1, 2, 3],), [2, 2, 6]),
    ("change_by_rule", 1, "test=even change=negated other=tripled", ([1, 2],), [3, -2]),
    ("change_by_rule", 2, "test=negative change=unsigned fold=total", ([-3, 4],), 7),
    ("sort_and_take", 0, "take=all_but_last", ([3, 1, 2],), [1, 2]),
    ("sort_and_take", 1, "test=positive take=first_three", ([5, -1, 9, 7, 8],), [9, 8, 7]),
    ("sort_and_take", 2, "take=all_but_first change=mirrored", ([5, 2, 5, 9],), [45, 41]),
    ("two_lists", 0, "pair=product test=even", ([1, 2, 3], [3, 4]), [8]),
    ("two_lists", 1, "pair=distance fold=largest", ([1, 9], [4, 4, 4]), 5),
    ("two_lists", 2, "test=odd fold=total", ([1, 2], [3, 4]), 4),
    ("merge_tables", 0, "pair=sum", ({"a": 1, "b": 2}, {"b": 3, "c": 4}), {"a": 1, "b": 5, "c": 4}),
    ("merge_tables", 1, "pair=larger", ({"a": -1, "b": 2}, {"b": 3, "c": 4}), {"a": 0, "b": 3}),
    ("merge_tables", 2, "test=odd change=negated", ({"a": 1, "b": 3}, {"b": 2, "c": 5}), {"a": -1, "c": -5}),
    ("digits", 0, "test=even fold=total", (2345,), 6),
    ("digits", 1, "change=doubled fold=largest", (372,), 14),
    ("digits", 2, "test=odd", (1234,), 24),
    ("change_and_join", 0, "test=short join=chain", (["tea", "orange", "ice"],), "tea-ice"),
    ("change_and_join", 1, "change=reversed join=block", (["ab", "cd"],), "badc"),
    (
        "change_and_join",
        2,
        "test=long change=upper join=path",
        (["pepper", "tea", "window"],),
        "PEPPER/WINDOW",
    ),
    ("order_words", 0, "measure=length", (["stone", "ice", "tea", "lamp"],), ["ice", "tea", "lamp", "stone"]),
    (
        "order_words",
        1,
        "test=e_bearing measure=vowels",
        (["tea", "paper", "cheese"],),
        ["cheese", "tea", "paper"],
    ),
    ("order_words", 2, "test=capital change=twice", (["tea", "Ulm"],), ["UlmUlm", "tea"]),
    ("split_and_choose", 0, "split=field choice=longest", ("ab,cde,fgh",), "cde"),
    ("split_and_choose", 1, "split=word choice=first_sorted change=shouted", ("sun map tea",), "map!"),
    ("split_and_choose", 2, "split=section measure=vowels", ("tea-moss-ice",), [2, 1, 2]),
    ("letters_of_a_text", 0, "test=vowels change=reversed", ("river",), "rvr"),
    ("letters_of_a_text", 1, "test=digits other=capitals", ("A12",), 1),
    ("letters_of_a_text", 2, "test=gaps change=upper", ("a b",), "A.B"),
    ("letters_of_a_text", 3, "head=digits tail=small_letters", ("a1b2C",), "12ab"),
    ("choose_keys", 0, "test=odd", ({"tea": 3, "ice": 5, "sun": 2},), ["ice", "tea"]),
    ("choose_keys", 1, "test=even change=initial", ({"tea": 2, "ice": 4, "sun": 1},), ["i", "t"]),
    ("choose_keys", 2, "about=short", ({"tea": 9, "orange": 1, "ice": 4},), ["ice", "tea"]),
    ("fold_values", 0, "about=vowel_led fold=total", ({"ice": 3, "Oslo": 4, "tea": 9},), 7),
    ("fold_values", 1, "change=lowered fold=smallest", ({"a": 3, "b": -2},), -3),
    ("fold_values", 2, "about=s_ending test=odd fold=largest", ({"keys": 3, "moss": 8, "tea": 9},), 3),
    ("table_from_words", 0, "measure=variety", (["moss", "tea"],), {"moss": 3, "tea": 3}),
    ("table_from_words", 1, "test=capital measure=length", (["Oslo", "tea"],), {"Oslo": 4}),
    ("table_from_words", 2, "test=repeating change=headless", (["moss", "tea"],), {"moss": "oss"}),
    (
        "group_words",
        0,
        "test=short key=initial",
        (["tea", "ant", "tiger", "two"],),
        {"t": ["tea", "two"], "a": ["ant"]},
    ),
    ("group_words", 1, "change=initial", (["tea", "ant", "two"],), {"t": 2, "a": 1}),
    ("stop_early", 0, "stop=negative fold=total", ([4, 5, -1, 9],), 9),
    ("stop_early", 1, "stop=large change=doubled", ([2, 5, 6, 1],), [4, 10]),
    ("weave_lists", 0, "change=negated", ([1, 2, 3], [7, 8]), [1, -7, 2, -8]),
    ("weave_lists", 1, "test=odd", ([1, 2], [3, 4, 5]), [1, 5, 3]),
    ("rows_of_a_grid", 0, "fold=largest outer=total", ([[1, 5], [7], []],), 12),
    ("rows_of_a_grid", 1, "test=even", ([[1, 2, 4], [3], []],), [2, 0, 0]),
    ("rows_of_a_grid", 2, "test=positive fold=total", ([[1, -5], [-7, 9], []],), [-4]),
]


def piece_named(pieces: tuple[Piece, ...], name: str) -> Piece:
    """The piece of that name."""
    return next(piece for piece in pieces if piece.name == name)


@pytest.mark.parametrize(("name", "form", "chosen", "arguments", "expected"), BY_HAND)
def test_a_form_computes_what_was_worked_out_by_hand(
    name: str, form: int, chosen: str, arguments: tuple[Any, ...], expected: Any
) -> None:
    family = FAMILIES[name]
    pieces = {slot: choices[0] for slot, choices in family.slots.items()}
    for slot, piece in (pair.split("=") for pair in chosen.split()):
        pieces[slot] = piece_named(tuple(family.slots[slot]), piece)
    problem = family.build(family.forms[form], pieces, family.params[0], family.items[0])
    assert run_solution(problem.solution, problem.entry_point)(*arguments) == expected
    assert problem.again(*arguments) == expected


def test_every_form_was_worked_out_by_hand() -> None:
    forms = {(family.name, form) for family in FAMILIES.values() for form in range(len(family.forms))}
    assert {(name, form) for name, form, *_ in BY_HAND} == forms


@pytest.mark.parametrize(
    ("pieces", "values"),
    [
        (number_pieces.TESTS + number_pieces.CHANGES, NUMBERS),
        (number_pieces.FOLDS + number_pieces.TAKES, LISTS),
        (word_pieces.TESTS + word_pieces.CHANGES + word_pieces.MEASURES, WORDS),
        (word_pieces.JOINS + word_pieces.CHOICES, ([], ["tea"], ["sun", "ice", "tiger", "river"])),
        (word_pieces.SPLITS, TEXTS),
        (word_pieces.LETTERS, "aEb Z9-,x0 U"),
    ],
    ids=["numbers", "lists", "words", "word_lists", "texts", "letters"],
)
def test_the_code_of_a_piece_gives_what_is_computed_again(pieces: tuple[Piece, ...], values: Any) -> None:
    for piece in pieces:
        for value in values:
            assert eval(format(piece, "value"), {"value": value}) == piece(value), (piece.name, value)


def test_the_code_of_a_pair_gives_what_is_computed_again() -> None:
    for piece in number_pieces.PAIRS:
        for a, b in PAIRS:
            assert eval(format(piece, "a, b"), {"a": a, "b": b}) == piece(a, b), (piece.name, a, b)


def test_names_of_families_and_of_the_pieces_of_a_slot_are_their_own() -> None:
    assert len(FAMILIES) == len(SEEN + HELD_OUT)
    for family in FAMILIES.values():
        for choices in family.slots.values():
            assert len({piece.name for piece in choices}) == len(choices), family.name


def test_whether_capitals_count_as_their_small_letters_never_matters() -> None:
    assert [word for word in WORDS if len(set(word)) != len(set(word.lower()))] == []


def test_a_piece_is_said_as_an_instruction_and_in_the_third_person() -> None:
    raised = piece_named(number_pieces.CHANGES, "raised")
    said = "{0:do it} / {0:Do each number} / {0:does each number of it} / {0:n} / {1}"
    shown = said.format(raised, number_pieces.TESTS[0])
    assert shown == "add 4 to it / Add 4 to each number / adds 4 to each number of it / n + 4 / are even"
