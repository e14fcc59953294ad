"""Every error that ExecTune raises on purpose: one hierarchy, one message that says what to do.

A command or a stage prints a `UserError` without a traceback; anything else is a bug and keeps its traceback.
"""


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
