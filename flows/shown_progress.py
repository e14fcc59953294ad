"""Shown progress: a stage's progress lines as a progress artifact, a bar in Prefect's UI.

accept, round 1  512/1840  28%  21.3/s  ETA 1m02s  0.0123 USD
"""

import re
from uuid import UUID

import httpx
from prefect.artifacts import create_progress_artifact, update_progress_artifact

LINE = re.compile(r"(?P<label>\w[\w, ]*)  (?P<done>\d+)/(?P<total>\d+)  (?P<rest>.*)")


class ShownProgress:
    """The bar of one stage; it appears with the stage's first progress line."""

    def __init__(self, stage: str):
        self._key = f"progress-{stage.replace('.', '-')}"
        self._bar: UUID | None = None

    def hear(self, line: str) -> None:
        """Show a line, if it tells of progress. A server that does not answer must not end the stage."""
        found = LINE.fullmatch(line)
        if not found or found["total"] == "0":
            return
        share, words = 100 * int(found["done"]) / int(found["total"]), f"{found['label']}: {found['rest']}"
        try:
            if self._bar is None:
                made = create_progress_artifact(share, key=self._key, description=words)
                assert isinstance(made, UUID)  # a coroutine only where an event loop runs
                self._bar = made
            else:
                update_progress_artifact(self._bar, share, description=words)
        except httpx.HTTPError:
            return
