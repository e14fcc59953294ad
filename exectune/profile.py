"""Profile: settings that differ from params.yaml, for one purpose. In: a file of profiles/. Out: params.yaml, changed.

A profile holds only what differs, as sections and keys of params.yaml:

    models: {core: bedrock/amazon.nova-lite-v1:0}
    prices: {core: null}
"""

from pathlib import Path
from typing import Any

from exectune import params


def use(profile: Path, path: Path = Path("params.yaml")) -> list[str]:
    """Write the profile's values into params.yaml, whose comments stay; the settings that changed.

    Raises:
        ParamsError: the profile is missing, or what comes of it is not right; params.yaml is then left as it is.
    """
    from ruamel.yaml import YAML

    before, after = params.flat(params.load(path)), params.flat(params.load(path, profile))
    yaml = YAML()
    yaml.width = 4096  # a line stays a line
    content: Any = yaml.load(path.read_text(encoding="utf-8"))
    params.merge(content, params.read(profile))
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)
    assert params.load(temporary) == params.load(path, profile)
    temporary.rename(path)
    shown = {key: "null" if value is None else str(value) for key, value in after.items()}
    return [f"{key}: {text}" for key, text in shown.items() if key not in before or before[key] != after[key]]
