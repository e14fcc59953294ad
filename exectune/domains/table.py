"""The domains there are. A new one is a file beside this one, and a line here."""

from collections.abc import Mapping

from exectune.domains.code import CODE
from exectune.domains.domain import Domain
from exectune.domains.maths import MATHS

DOMAINS: Mapping[str, Domain] = {domain.name: domain for domain in (MATHS, CODE)}


def of_protocol(protocol: str) -> Domain:
    """The domain whose cores are asked by that protocol."""
    return next(domain for domain in DOMAINS.values() if protocol in domain.protocols)
