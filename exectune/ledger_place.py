"""Where the ledger is: a file in the working folder, or the database that a variable of the environment names.

Of the standard library alone, so that a command which only looks whether there is one starts at once.
"""

import os
from pathlib import Path

FILE = Path(".exectune/ledger.sqlite")
URL = "EXECTUNE_LEDGER_URL"  # `postgresql://…`; in the environment, since it may hold a password


def ledger_place() -> Path | str:
    """The file, whether it is there or not, or the URL."""
    return os.environ.get(URL) or FILE
