import pytest

from exectune.annotations import NoSteps, convert, operations, without_unused


@pytest.mark.parametrize(
    ("text", "steps", "answer"),
    [
        ("He has 6*4=<<6*4=24>>24 cups.\n24+3=<<24+3=27>>27\n#### 27", ("6 * 4", "#1 + 3"), "27"),
        ("It is <<90-20-5-5=60>>60.\n#### 60", ("90 - 20", "#1 - 5", "#2 - 5"), "60"),
        ("It is <<2+3*4=14>>14.\n#### 14", ("3 * 4", "2 + #1"), "14"),
        ("It is <<(2+3)*4=20>>20.\n#### 20", ("2 + 3", "#1 * 4"), "20"),
        ("<<20%*60=12>>12\n#### 12", ("20 / 100", "#1 * 60"), "12"),
        ("<<.5*9=4.5>>4.5\n#### 4.50", ("0.5 * 9",), "4.5"),
        ("$<<1,000*3=3000>>3,000\n#### $3,000", ("1000 * 3",), "3000"),
        ("<<12=12>>12 then <<12*5=60>>60\n#### 60", ("12 * 5",), "60"),
        ("<<7-10=-3>>\n<<-3+9=6>>6\n#### 6", ("7 - 10", "#1 + 9"), "6"),
    ],
)
def test_annotations_become_single_operations(text: str, steps: tuple[str, ...], answer: str) -> None:
    solution = convert("How many are there?", text, max_steps=4)
    assert (solution.steps, solution.answer) == (steps, answer)


def test_a_result_that_was_rounded_is_still_that_result() -> None:
    text = "A third is <<10/3=3.33>>3.33, so 3 thirds are <<3.33*3=10>>10.\n#### 10"
    assert convert("…", text, max_steps=4).steps == ("10 / 3", "#1 * 3")


def test_the_latest_step_with_a_result_is_meant() -> None:
    text = "<<2*6=12>>12, <<4*3=12>>12, <<12+1=13>>13, <<13+12=25>>25\n#### 25"
    assert convert("…", text, max_steps=4).steps == ("4 * 3", "#1 + 1", "#2 + #1")


def test_a_number_of_the_question_is_itself_once_the_result_is_used() -> None:
    text = "<<20+30=50>>50, <<50+5=55>>55, <<55+50=105>>105\n#### 105"
    assert convert("20, 30 and 5 came, then 50.", text, max_steps=4).steps[-1] == "#2 + 50"
    assert convert("20, 30 and 5 came, then more.", text, max_steps=4).steps[-1] == "#2 + #1"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<<1+2=3>>3", "no_answer"),
        ("<<1+2=3>>3\n#### three", "no_answer"),
        ("It is 3.\n#### 3", "no_operation"),
        ("<<3=3>>3\n#### 3", "no_operation"),
        ("<<3y+1=4>>4\n#### 4", "not_an_expression"),
        ("<<7//2=3>>3\n#### 3", "not_an_expression"),
        ("<<7/0=3>>3\n#### 3", "not_an_expression"),
        ("<<1+2+3+4+5+6=21>>21\n#### 21", "too_many_steps"),
        ("<<1+2=3>>3\n#### 4", "answer_differs"),
    ],
)
def test_what_does_not_convert_has_a_reason(text: str, reason: str) -> None:
    with pytest.raises(NoSteps) as found:
        convert("How many?", text, max_steps=4)
    assert found.value.reason == reason


def test_steps_that_nothing_uses_are_left_out_and_the_rest_numbered_anew() -> None:
    assert without_unused(("1 + 1", "5 * 5", "#2 - 4", "#3 / #2")) == ("5 * 5", "#1 - 4", "#2 / #1")


def test_the_family_is_the_sequence_of_operations() -> None:
    assert operations(("3 * 8", "#1 + 5", "#2 / -1")) == "multiply-add-divide"
