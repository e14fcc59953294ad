"""Every error that ExecTune raises on purpose: one hierarchy, one message that says what to do.

A command or a stage prints a `UserError` without a traceback; anything else is a bug and keeps its traceback.
"""

from typing import Literal


class ExecTuneError(Exception):
    """Base of all errors raised on purpose."""


class UserError(ExecTuneError):
    """Something that the user can put right; the message says what, where, what is allowed, and what to do."""


class ParamsError(UserError):
    """params.yaml is missing, is not YAML, or holds an unknown key or a value of the wrong type."""


class DataError(UserError):
    """A data file is missing or too much of it is bad."""


class ModelError(UserError):
    """A model's name or folder cannot be loaded."""


class LedgerError(UserError):
    """The ledger cannot be opened, or is of another version."""


class ConnectionSettingsError(UserError):
    """A paid model cannot be reached as it is set: no credentials, no region, no such endpoint."""


class BudgetReached(UserError):
    """The next call may cost more than a budget leaves."""


class CallsFailed(UserError):
    """Too many calls to a paid model failed."""


class TrackingError(UserError):
    """MLflow cannot be reached, or refuses what is asked of it."""


class RegistryError(UserError):
    """A version of the guide may not be promoted as it is, or there is none: aliases stay as they are."""


class SandboxError(UserError):
    """Model-written code cannot be contained here: bubblewrap is missing or may not do its work."""


class SandboxLost(ExecTuneError):
    """The sandbox ended, or stopped answering, while a job ran in it; nothing is known of the job."""


CallKind = Literal["throttled", "transient", "refused", "invalid", "fatal"]


class CallError(ExecTuneError):
    """One attempt of a call that brought no reply.

    Args:
        kind: `throttled` and `transient` are worth another try, `invalid` (an answer that makes no sense) too;
            `refused` is a refusal by content, `fatal` will fail always.
        message: one line, without secrets.
        retry_after_s: what the provider asked for.
        billed: whether the provider may have charged for it.
    """

    def __init__(
        self, kind: CallKind, message: str, *, retry_after_s: float | None = None, billed: bool = False
    ):
        super().__init__(f"{kind}: {message}")
        self.kind, self.retry_after_s, self.billed = kind, retry_after_s, billed
