"""Replies that are outdated: the ledger keeps them and their bill, and answers from them no more."""

from pathlib import Path

import sqlalchemy as sa

from exectune.errors import DataError
from exectune.ledger_store import CALLS, LedgerStore


def forget(place: Path | str, model: str) -> int:
    """Have every reply of a model asked anew; how many there were. `place` as in `Ledger.open`.

    Raises:
        DataError: the ledger has no call of that model.
        LedgerError: it cannot be used.
    """
    if isinstance(place, Path) and not place.is_file():
        raise DataError(f"{place} is missing: no model has been called here yet")
    store = LedgerStore(place)
    try:
        with store.transaction() as connection:
            known = set(connection.scalars(sa.select(CALLS.c.model).distinct()))
            if model not in known:
                raise DataError(
                    f"the ledger has no calls of {model!r}; of: {', '.join(sorted(known)) or 'none'}"
                )
            answers = CALLS.c.status == "settled", CALLS.c.key.is_not(None), ~CALLS.c.cached
            found = connection.execute(
                sa.update(CALLS).where(CALLS.c.model == model, *answers).values(key=None)
            )
            return found.rowcount
    finally:
        store.close()
