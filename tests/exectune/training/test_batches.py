from exectune.training.batches import in_batches

WORDS = ["a" * length for length in range(10)]


def order(words: list[str], batches: int, seed: int = 0) -> list[str]:
    return in_batches(words, size=2, batches=batches, length=len, seed=seed)


def test_a_pass_holds_each_item_once_and_a_batch_items_of_like_length() -> None:
    ordered = order(WORDS, 5)
    assert sorted(ordered) == WORDS
    assert ordered != WORDS
    assert all(len(b) - len(a) == 1 for a, b in zip(ordered[::2], ordered[1::2], strict=True))


def test_passes_follow_each_other_until_there_are_enough() -> None:
    ordered = order(WORDS, 12)
    assert len(ordered) == 24
    assert sorted(ordered[10:20]) == WORDS
    assert ordered[:10] != ordered[10:20]


def test_the_seed_decides_the_order() -> None:
    assert order(WORDS, 5) == order(WORDS, 5)
    assert order(WORDS, 5) != order(WORDS, 5, seed=1)


def test_an_item_that_fills_no_batch_has_its_turn_in_another_pass() -> None:
    assert set(order(WORDS[:5], 40)) == set(WORDS[:5])


def test_fewer_items_than_a_batch_holds_still_fill_it() -> None:
    assert order(["a"], 3) == ["a"] * 6
