"""Promote: makes a registered guide the champion, or the previous champion the champion again.

It is for Prefect's UI; in a terminal, `exectune promote` and `exectune rollback` do the same. In: MLflow's registry.
Out: moved aliases, and a message to the webhook. What the command refuses fails the flow, and nothing has moved then.
A retraining that is going on does not hold it up.
"""

from typing import Annotated, Literal

from prefect import flow, get_run_logger
from pydantic import Field

from flows import commands, workspace
from flows.notify import notify, tell_failure


@flow(name="promote", on_failure=[tell_failure], on_crashed=[tell_failure])
def promote(
    action: Literal["promote", "rollback"] = "promote",
    version: Annotated[int, Field(ge=1)] | None = None,
    force: bool = False,
    reason: str = "",
) -> str:
    """Make a registered guide the champion; return what was said.

    Args:
        action: Promote a version, or make the previous champion the champion again.
        version: Which version to promote; empty for the challenger.
        force: Promote although the gate refuses.
        reason: Why; it is kept as a tag of the version.
    """
    command = [commands.EXECTUNE, action]
    if action == "promote":
        command += ["--version", str(version)] if version else []
        command += ["--force"] if force else []
    command += ["--reason", reason] if reason else []
    workspace.attach()
    _, lines = commands.checked(action, command, get_run_logger().info)
    notify("promotion", "promote", " ".join(lines))
    return "\n".join(lines)
