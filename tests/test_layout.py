"""The house keeps its shape: who may import whom, one name for each stage, and DVC knows what a stage depends on.

Each check takes the root of a tree and returns its violations, one sentence each, that say what to change where.
The second half runs every check on a small made-up tree with that very violation, to see that it can fail.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
ROOMS = ("flows", "stages", "exectune", "mlflow_project")
STAGES = ("prepare", "baseline", "teacher", "accept", "sft", "rl", "evaluate", "promote")

# What a room may import besides the standard library and itself. exectune has no such list: it may import anything
# but the orchestration above it.
MAY_IMPORT = {
    "flows": {
        "dvc",
        "httpx",  # what Prefect's client raises
        "prefect",
        "psutil",
        "pydantic",
        "rich",
        "ruamel",
        "exectune.errors",
        "exectune.process",
        "exectune.tracking",
    },
    "stages": {"exectune", "polars"},
    "mlflow_project": {"exectune", "mlflow", "pandas"},
}
NEVER_IN_EXECTUNE = {"prefect", "dvc", "flows", "stages", "mlflow_project"}

# Packages that cost seconds or tie a module to a service, and the only files, or folders, that may import them.
MODELS = {"exectune/generation.py", "exectune/shared_prefix.py", "exectune/weights.py", "exectune/training/"}
ONLY_IN = {
    "torch": MODELS,
    "transformers": MODELS,
    "peft": MODELS,
    "trl": {"exectune/training/"},
    "mlflow": {"exectune/tracking.py", "mlflow_project/"},
    "great_expectations": {"exectune/validation.py"},
    "altair": {"exectune/charts.py"},
}

# Modules that a stage imports and DVC need not watch, nor what only they import: no change in them changes what the
# stage's own work yields.
CANNOT_CHANGE_A_RESULT = {
    "exectune/errors.py",  # the words of an error
    "exectune/params.py",  # checks the values; the values themselves are the stage's `params`
    "exectune/process.py",  # who runs, and with whom it ends
    "exectune/progress.py",  # what is shown meanwhile
    "exectune/stage.py",  # opens run and ledger around the work
    "exectune/tracking.py",  # writes to MLflow, outside all outs
}

# Sections that a module reads from the `Params` it is given, and so each stage that imports it. Not those that it
# reads for another stage: policy.py takes `baseline` for the core alone and `evaluate` for serving.
READS_PARAMS = {
    "exectune/models.py": {"models", "endpoints", "prices"},
    "exectune/policy.py": {"models", "prices", "protocol", "sandbox", "strategy"},
    "exectune/teacher.py": {"strategy", "teacher"},
    "exectune/judge.py": {"judge"},
    "exectune/guides/prompted.py": {"teacher", "evaluate"},
    "exectune/guides/teacher_prompt.py": {"protocol", "strategy"},
}
# Sections that no stage depends on: how calls go out and what they may cost at most, which change no reply; and what
# happens after the last stage.
WITHOUT_EFFECT = {"calls", "budgets", "canary"}


def files_of(root: Path, room: str) -> list[Path]:
    return sorted((root / room).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Dotted names that a file imports, inside functions too; not those for the type checker alone.

    `from a import b` gives `a.b`, where b may be a module or a name in one.
    """
    pending: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{path}:{node.lineno}: imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        pending += ast.iter_child_nodes(node)


def names_within(name: str, allowed: set[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in allowed)


def module_file(root: Path, name: str) -> Path | None:
    """The file of a dotted name, or of the module that holds it; None for what is not of this tree."""
    path = root.joinpath(*name.split("."))
    for candidate in (path.with_suffix(".py"), path.parent.with_suffix(".py")):
        if candidate.is_file():
            return candidate.relative_to(root)
    return None


def reached(root: Path, script: Path) -> set[str]:
    """The files of exectune/ that a script imports, directly or through others, and that can change its result."""
    found: set[str] = set()
    pending = [script]
    while pending:
        for name in imported(root / pending.pop()):
            file = module_file(root, name) if name.startswith("exectune.") else None
            if file is not None and file.as_posix() not in found | CANNOT_CHANGE_A_RESULT:
                found.add(file.as_posix())
                pending.append(file)
    return found


def read_yaml(path: Path) -> dict[str, Any]:
    content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def pipeline(root: Path) -> dict[str, Any]:
    stages = read_yaml(root / "dvc.yaml")["stages"]
    assert isinstance(stages, dict)
    return stages


def entries(values: list[Any]) -> set[str]:
    """Paths or keys of a list in dvc.yaml, whose entries may be `path` or `path: {options}`."""
    return {key for value in values for key in (value if isinstance(value, dict) else [value])}


def import_direction(root: Path) -> list[str]:
    wrong = []
    for room in ROOMS:
        for path in files_of(root, room):
            for name in imported(path):
                top = name.split(".")[0]
                if top in sys.stdlib_module_names or top == room:
                    continue
                upward = top in NEVER_IN_EXECTUNE
                allowed = not upward if room == "exectune" else names_within(name, MAY_IMPORT[room])
                if not allowed:
                    wrong.append(
                        f"{path.relative_to(root)} imports {name}: {room}/ may not. Imports go flows → "
                        f"stages → exectune; move the code, or add the package to MAY_IMPORT[{room!r}] with a reason"
                    )
    return wrong


def heavy_imports(root: Path) -> list[str]:
    wrong = []
    for room in ROOMS:
        for path in files_of(root, room):
            file = path.relative_to(root).as_posix()
            for package in sorted({name.split(".")[0] for name in imported(path)} & set(ONLY_IN)):
                if not any(file.startswith(place) for place in ONLY_IN[package]):
                    wrong.append(
                        f"{file} imports {package}, which only {sorted(ONLY_IN[package])} may: use what they offer, "
                        f"or add {file} to ONLY_IN[{package!r}]"
                    )
    return wrong


def heavy_at_start(root: Path) -> list[str]:
    """A heavy package is imported inside the function that needs it, so that all else starts at once."""
    wrong = []
    for path in files_of(root, "exectune"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                if name.split(".")[0] in ONLY_IN:
                    wrong.append(
                        f"{path.relative_to(root)}:{node.lineno} imports {name} at the top: move it into the function"
                    )
    return wrong


def one_name(root: Path) -> list[str]:
    """stage = script = section of params.yaml = folder under artifacts/ = file under metrics/."""
    stages, sections = pipeline(root), read_yaml(root / "params.yaml")
    scripts = {path.stem for path in files_of(root, "stages")} - {"__init__"}
    wrong = [
        f"stages/{name}.py has no stage in dvc.yaml: add `{name}:`" for name in sorted(scripts - set(stages))
    ]
    for name, stage in stages.items():
        expected = {
            f"stages/{name}.py": name in scripts,
            f"`cmd: python -m stages.{name}` in dvc.yaml": stage["cmd"] == f"python -m stages.{name}",
            f"the section `{name}:` in params.yaml": name in sections,
            f"`{name}` in the stage's `params` in dvc.yaml": name in entries(stage.get("params", [])),
            f"`artifacts/{name}` in the stage's `outs` in dvc.yaml": f"artifacts/{name}"
            in entries(stage.get("outs", [])),
            f"`metrics/{name}.json` in the stage's `metrics` in dvc.yaml": (
                f"metrics/{name}.json" in entries(stage.get("metrics", []))
            ),
        }
        wrong += [f"stage {name}: {what} is missing" for what, there in expected.items() if not there]
    return wrong


def watched_modules(root: Path) -> list[str]:
    """A change in a module that a stage uses re-runs the stage."""
    wrong = []
    for name, stage in pipeline(root).items():
        deps = entries(stage.get("deps", []))
        script = f"stages/{name}.py"
        if not (root / script).is_file():
            continue
        needed = {script} | reached(root, Path(script))
        wrong += [
            f"stage {name} uses {file}: add `- {file}` to its deps in dvc.yaml"
            for file in sorted(needed - deps)
        ]
        unused = {
            dep for dep in deps if dep.startswith(("exectune/", "stages/")) and dep.endswith(".py")
        } - needed
        wrong += [
            f"stage {name} does not use {file}: take it out of its deps in dvc.yaml, it re-runs the stage for nothing"
            for file in sorted(unused)
        ]
    return wrong


def artifacts_read(path: Path) -> set[str]:
    """Stages whose folder a script names: `artifacts/sft/…`, `read_frame("sft", …)`, or the tasks of prepare."""
    text = path.read_text(encoding="utf-8")
    found = set(re.findall(r"\bartifacts/([a-z_]+)", text)) | set(
        re.findall(r"\bread_\w+\(\s*\"([a-z_]+)\",", text)
    )
    return found | ({"prepare"} if re.search(r"\bread_(all|tasks)\(", text) else set())


def watched_artifacts(root: Path) -> list[str]:
    """What a script reads from another stage's folder is among its deps."""
    wrong = []
    for name, stage in pipeline(root).items():
        script = root / "stages" / f"{name}.py"
        if not script.is_file():
            continue
        deps = {dep.split("/")[1] for dep in entries(stage.get("deps", [])) if dep.startswith("artifacts/")}
        wrong += [
            f"stages/{name}.py reads artifacts/{other}: add `- artifacts/{other}` to the stage's deps in dvc.yaml"
            for other in sorted(artifacts_read(script) - {name} - deps)
        ]
    return wrong


def watched_params(root: Path) -> list[str]:
    """A stage's `params` hold each section that its script uses, and each section of params.yaml has a stage."""
    wrong = []
    sections = set(read_yaml(root / "params.yaml"))
    declared_anywhere = set()
    for name, stage in pipeline(root).items():
        declared = {key.split(".")[0] for key in entries(stage.get("params", []))}
        declared_anywhere |= declared
        wrong += [
            f"stage {name}: `{key}` in its params is no key of params.yaml: one of {sorted(sections)}"
            for key in sorted(declared - sections)
        ]
        script = root / "stages" / f"{name}.py"
        if script.is_file():
            used = set(re.findall(r"\bparams\.([a-z_]+)\b", script.read_text(encoding="utf-8"))) & sections
            used |= sections & {
                key
                for file in reached(root, script.relative_to(root))
                for key in READS_PARAMS.get(file, set())
            }
            wrong += [
                f"stages/{name}.py uses params.{key}: add `- {key}` to the stage's params in dvc.yaml"
                for key in sorted(used - declared)
            ]
    wrong += [
        f"params.yaml: no stage in dvc.yaml declares `{key}`: a change of it would re-run nothing"
        for key in sorted(sections - declared_anywhere - WITHOUT_EFFECT)
    ]
    return wrong


def mirror_of_tests(root: Path) -> list[str]:
    """tests/<room>/…/test_x.py stands for <room>/…/x.py."""
    wrong = []
    for room in ROOMS:
        for path in sorted((root / "tests" / room).rglob("test_*.py")):
            mirrored = path.relative_to(root / "tests").with_name(path.name.removeprefix("test_"))
            if not (root / mirrored).is_file():
                wrong.append(f"{path.relative_to(root)} tests no file: {mirrored} does not exist")
    return wrong


def empty_packages(root: Path) -> list[str]:
    return [
        f"{path.relative_to(root)} is not empty: a name is imported from the module that owns it"
        for room in ROOMS
        for path in (root / room).rglob("__init__.py")
        if path.read_text(encoding="utf-8").strip()
    ]


CHECKS: list[Callable[[Path], list[str]]] = [
    import_direction,
    heavy_imports,
    heavy_at_start,
    one_name,
    watched_modules,
    watched_artifacts,
    watched_params,
    mirror_of_tests,
    empty_packages,
]


@pytest.mark.parametrize("check", CHECKS)
def test_the_tree_keeps_its_layout(check: Callable[[Path], list[str]]) -> None:
    wrong = check(ROOT)
    assert not wrong, "\n".join(["", *wrong])


def test_the_stages_are_those_of_the_method_in_order() -> None:
    assert tuple(pipeline(ROOT)) == STAGES


# --- the checks can fail -----------------------------------------------------------------------------------------


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A tree of one stage that keeps every rule."""
    write(tmp_path, "flows/retrain.py", "import prefect\n")
    write(tmp_path, "stages/prepare.py", "from exectune.task import Task\nprint(Task, params.prepare)\n")
    write(tmp_path, "exectune/__init__.py", "")
    write(tmp_path, "exectune/task.py", "def f():\n    from exectune.errors import DataError\n")
    write(tmp_path, "exectune/errors.py", "import enum\n")
    write(tmp_path, "tests/exectune/test_task.py", "")
    write(tmp_path, "params.yaml", "seed: 0\nprepare: {share: 1}\n")
    write(
        tmp_path,
        "dvc.yaml",
        "stages:\n  prepare:\n    cmd: python -m stages.prepare\n    "
        "deps: [data, stages/prepare.py, exectune/task.py]\n"
        "    params: [seed, prepare]\n    outs: [artifacts/prepare]\n"
        "    metrics: [{metrics/prepare.json: {cache: false}}]\n",
    )
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def change(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text(encoding="utf-8")
    assert old in text
    write(root, name, text.replace(old, new))


@pytest.mark.parametrize("check", CHECKS)
def test_a_tree_that_keeps_the_rules_passes(house: Path, check: Callable[[Path], list[str]]) -> None:
    assert check(house) == []


@pytest.mark.parametrize(
    ("file", "text", "check", "message"),
    [
        ("flows/retrain.py", "import torch\n", import_direction, "flows/retrain.py imports torch"),
        ("flows/retrain.py", "from exectune import ledger\n", import_direction, "imports exectune.ledger"),
        ("stages/other.py", "import mlflow\n", import_direction, "add the package to MAY_IMPORT['stages']"),
        (
            "exectune/bad.py",
            "def f():\n    import stages.prepare\n",
            import_direction,
            "imports stages.prepare",
        ),
        ("exectune/bad.py", "from dvc.api import open\n", import_direction, "exectune/ may not"),
        (
            "exectune/bad.py",
            "def f():\n    import mlflow\n",
            heavy_imports,
            "add exectune/bad.py to ONLY_IN['mlflow']",
        ),
        ("exectune/bad.py", "def f():\n    import torch.nn\n", heavy_imports, "ONLY_IN['torch']"),
        ("exectune/bad.py", "import torch\n", heavy_at_start, "bad.py:1 imports torch at the top"),
        ("stages/other.py", "", one_name, "stages/other.py has no stage in dvc.yaml"),
        ("tests/exectune/test_gone.py", "", mirror_of_tests, "exectune/gone.py does not exist"),
        ("exectune/__init__.py", "x = 1\n", empty_packages, "exectune/__init__.py is not empty"),
    ],
)
def test_a_file_in_the_wrong_place_is_named(
    house: Path, file: str, text: str, check: Callable[[Path], list[str]], message: str
) -> None:
    write(house, file, text)
    assert message in "\n".join(check(house))


def test_a_module_behind_another_and_inside_a_function_must_be_watched(house: Path) -> None:
    write(house, "exectune/deep.py", "")
    write(house, "exectune/task.py", "def f():\n    from exectune import deep\n")
    assert watched_modules(house) == [
        "stage prepare uses exectune/deep.py: add `- exectune/deep.py` to its deps in dvc.yaml"
    ]


def test_what_only_a_module_without_effect_imports_need_not_be_watched(house: Path) -> None:
    write(house, "exectune/deep.py", "")
    write(house, "exectune/tracking.py", "import exectune.deep\n")
    change(house, "stages/prepare.py", "print", "from exectune import tracking\nprint")
    assert watched_modules(house) == []


def test_a_module_that_reads_params_brings_their_sections(house: Path) -> None:
    write(house, "exectune/policy.py", "")
    change(house, "params.yaml", "seed: 0", "seed: 0\nprotocol: {}")
    change(house, "stages/prepare.py", "print", "from exectune.policy import Policy\nprint")
    assert "stages/prepare.py uses params.protocol: add `- protocol`" in "\n".join(watched_params(house))


@pytest.mark.parametrize("reading", ["open('artifacts/teacher/x')", 'read_frame("teacher", "strategies")'])
def test_reading_another_stages_folder_must_be_declared(house: Path, reading: str) -> None:
    change(house, "stages/prepare.py", "print", f"{reading}\nprint")
    assert "add `- artifacts/teacher`" in "\n".join(watched_artifacts(house))


def test_an_import_for_the_type_checker_alone_need_not_be_watched(house: Path) -> None:
    write(house, "exectune/deep.py", "")
    write(house, "exectune/task.py", "if TYPE_CHECKING:\n    import exectune.deep\n")
    assert watched_modules(house) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "check", "message"),
    [
        (
            "dvc.yaml",
            "python -m stages.prepare",
            "python stages/prepare.py",
            one_name,
            "`cmd: python -m stages.prepare`",
        ),
        (
            "dvc.yaml",
            "artifacts/prepare",
            "artifacts/data",
            one_name,
            "`artifacts/prepare` in the stage's `outs`",
        ),
        (
            "dvc.yaml",
            "metrics/prepare",
            "metrics/data",
            one_name,
            "`metrics/prepare.json` in the stage's `metrics`",
        ),
        ("dvc.yaml", "  prepare:", "  clean:", one_name, "stage clean: stages/clean.py is missing"),
        ("params.yaml", "prepare:", "clean:", one_name, "the section `prepare:` in params.yaml is missing"),
        (
            "dvc.yaml",
            "exectune/task.py",
            "exectune/errors.py",
            watched_modules,
            "stage prepare uses exectune/task.py",
        ),
        (
            "dvc.yaml",
            "exectune/task.py",
            "exectune/task.py, exectune/old.py",
            watched_modules,
            "does not use exectune/old.py",
        ),
        (
            "dvc.yaml",
            "[seed, prepare]",
            "[seed, prepares]",
            watched_params,
            "`prepares` in its params is no key",
        ),
        ("dvc.yaml", "[seed, prepare]", "[prepare]", watched_params, "no stage in dvc.yaml declares `seed`"),
        ("dvc.yaml", "[seed, prepare]", "[seed]", watched_params, "uses params.prepare: add `- prepare`"),
    ],
)
def test_a_stage_that_breaks_a_rule_is_named(
    house: Path, file: str, old: str, new: str, check: Callable[[Path], list[str]], message: str
) -> None:
    change(house, file, old, new)
    assert message in "\n".join(check(house))
