"""Pieces for words, texts, their letters, and lists of them."""

from exectune.bundled.code.piece import Piece

VOWELS = "aeiou"

TESTS = (
    Piece("short", "have fewer than five letters", "len(@) < 5", lambda w: not w[4:]),
    Piece("long", "have more than five letters", "len(@) > 5", lambda w: bool(w[5:])),
    Piece(
        "vowel_led",
        "start with a vowel",
        '@[0].lower() in "aeiou"',
        lambda w: w.lower().startswith(tuple(VOWELS)),
    ),
    Piece("e_bearing", "contain the letter e", '"e" in @', lambda w: w.count("e") > 0),
    Piece("capital", "start with a capital letter", "@[0].isupper()", lambda w: w[:1] != w[:1].lower()),
    Piece("even_length", "have an even number of letters", "len(@) % 2 == 0", lambda w: not len(w) & 1),
    Piece("s_ending", "end in the letter s", '@.endswith("s")', lambda w: w[-1:] == "s"),
    Piece(
        "repeating",
        "use some letter more than once",
        "len(set(@)) < len(@)",
        lambda w: any(w.count(letter) > 1 for letter in w),
    ),
)

CHANGES = (
    Piece("upper", "write @ in capitals", "@.upper()", lambda w: "".join(c.upper() for c in w)),
    Piece("reversed", "turn @ around", "@[::-1]", lambda w: "".join(reversed(w))),
    Piece("initial", "cut @ down to the first letter", "@[0]", lambda w: next(iter(w))),
    Piece("shouted", "add an exclamation mark to @", '@ + "!"', lambda w: f"{w}!"),
    Piece("ending", "cut @ down to the last two letters", "@[-2:]", lambda w: w[max(len(w) - 2, 0) :]),
    Piece("twice", "write @ twice in a row", "@ * 2", lambda w: w + w),
    Piece(
        "starred", "turn every t in @ into a star", '@.replace("t", "*")', lambda w: "*".join(w.split("t"))
    ),
    Piece("headless", "remove the first letter from @", "@[1:]", lambda w: w.replace(w[0], "", 1)),
)

# figures of a word
MEASURES = (
    Piece("length", "the number of letters", "len(@)", lambda w: sum(1 for _ in w)),
    Piece(
        "vowels",
        "the number of vowels",
        'sum(c in "aeiou" for c in @.lower())',
        lambda w: sum(w.lower().count(vowel) for vowel in VOWELS),
    ),
    Piece("variety", "the number of different letters", "len(set(@))", lambda w: len(dict.fromkeys(w))),
    Piece("e_count", "how often the letter e occurs", '@.count("e")', lambda w: len(w.split("e")) - 1),
)

JOINS = (
    Piece("line", "with spaces between them", '" ".join(@)', lambda words: _joined(" ", words)),
    Piece("chain", "with hyphens between them", '"-".join(@)', lambda words: _joined("-", words)),
    Piece(
        "list", "with a comma and a space between them", '", ".join(@)', lambda words: _joined(", ", words)
    ),
    Piece("block", "with nothing between them", '"".join(@)', lambda words: _joined("", words)),
    Piece("path", "with slashes between them", '"/".join(@)', lambda words: _joined("/", words)),
)

SPLITS = (
    Piece("word", "at its spaces", "@.split()", lambda text: [part for part in text.split(" ") if part]),
    Piece("field", "at its commas", '@.split(",")', lambda text: _parts(",", text)),
    Piece("section", "at its hyphens", '@.split("-")', lambda text: _parts("-", text)),
    Piece("line", "at its semicolons", '@.split(";")', lambda text: _parts(";", text)),
)

CHOICES = (
    Piece(
        "longest",
        "the longest part, the first of them if several are equally long",
        'max(@, key=len, default="")',
        lambda parts: next((p for p in parts if all(len(p) >= len(q) for q in parts)), ""),
    ),
    Piece(
        "shortest",
        "the shortest part, the first of them if several are equally short",
        'min(@, key=len, default="")',
        lambda parts: next((p for p in parts if all(len(p) <= len(q) for q in parts)), ""),
    ),
    Piece(
        "first_sorted",
        "the part that comes first in sorted order",
        'min(@, default="")',
        lambda parts: sorted(parts)[0] if parts else "",
    ),
    Piece(
        "last_sorted",
        "the part that comes last in sorted order",
        'max(@, default="")',
        lambda parts: sorted(parts)[-1] if parts else "",
    ),
)

LETTERS = (
    Piece("vowels", "vowels", '@ in "aeiouAEIOU"', lambda c: c.lower() in set(VOWELS)),
    Piece("digits", "digits", "@.isdigit()", lambda c: "0" <= c <= "9"),
    Piece("capitals", "capital letters", "@.isupper()", lambda c: c != c.lower()),
    Piece("small_letters", "small letters", "@.islower()", lambda c: c != c.upper()),
    Piece("gaps", "spaces", '@ == " "', lambda c: c.isspace()),
    Piece("hyphens", "hyphens", '@ == "-"', lambda c: ord(c) == 45),
)


def _joined(mark: str, words: list[str]) -> str:
    return "".join(word if not place else mark + word for place, word in enumerate(words))


def _parts(mark: str, text: str) -> list[str]:
    parts = [""]
    for character in text:
        parts = [*parts, ""] if character == mark else [*parts[:-1], parts[-1] + character]
    return parts
