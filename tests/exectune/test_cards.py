import polars as pl

from exectune import cards
from exectune.gate import Check
from exectune.outcome import to_frame
from tests.scripted import outcome

TAGS = {"base_model": "org/base", "base_revision": "abc", "core": "a-core", "git_commit": "0a1b", "seed": "3"}


def test_the_model_card_has_figures_with_n_and_interval_the_gate_and_how_to_load_it() -> None:
    rows = [outcome(task_id=f"t{n}", arm="rl", correct=n < 3, usd=0.002) for n in range(4)]
    rows += [outcome(task_id=f"t{n}", arm="core", correct=False, usd=0.001) for n in range(4)]
    rows += [outcome(task_id="lost", arm="rl", correct=False, error="timeout")]
    checks = {"leak": Check(0.5, 0.01, False)}
    card = cards.model_card("my-guide", TAGS, to_frame(rows), checks, "champion 1 was measured elsewhere")
    assert card.startswith("# my-guide\n")
    assert (
        "| test | core with this guide | 75.0 % (30.1–95.4, n = 4) | 100.0 % (51.0–100.0, n = 4) | 2.000 |"
        in card
    )
    assert "| test | core alone | 0.0 % (0.0–49.0, n = 4) |" in card
    assert "| leak | 0.5000 | 0.01 | no |\n\nChampion 1 was measured elsewhere.\n\n## Use" in card
    assert "org/base (abc). Commit: 0a1b. Seed: 3." in card
    assert "models:/my-guide@champion" in card


def test_the_data_card_counts_tasks_families_sources_and_licences() -> None:
    table = pl.DataFrame(
        {
            "family": ["a", "a", "b"],
            "domain": ["maths"] * 3,
            "source": ["gsm8k", "", "own"],
            "licence": ["MIT", "", "MIT"],
        }
    )
    card = cards.data_card({"train": table, "held_out": table.head(1), "dev": table.head(0)}, "0a.dir")
    assert "| train | 3 | 2 | maths | gsm8k, own | MIT |" in card
    assert "| held-out | 1 | 1 | maths | gsm8k | MIT |" in card
    assert "| dev |" not in card
    assert "`0a.dir`" in card


def test_the_adapters_readme_starts_with_what_the_hub_reads() -> None:
    readme = cards.adapter_readme("org/base", "# A guide\n")
    assert (
        readme
        == "---\nbase_model: org/base\nlibrary_name: peft\npipeline_tag: text-generation\n---\n\n# A guide\n"
    )
