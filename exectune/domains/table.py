"""The domains there are. A new one is a file beside this one, and a line here."""

from collections.abc import Mapping

from exectune.domains.code import CODE
from exectune.domains.domain import Domain
from exectune.domains.maths import MATHS
from exectune.errors import ParamsError
from exectune.params import Params
from exectune.protocols.execution import CoreProtocol

DOMAINS: Mapping[str, Domain] = {domain.name: domain for domain in (MATHS, CODE)}


def of_protocol(protocol: str) -> Domain:
    """The domain whose cores are asked by that protocol.

    Raises:
        ParamsError: there is none.
    """
    for domain in DOMAINS.values():
        if protocol in domain.protocols:
            return domain
    known = ", ".join(name for domain in DOMAINS.values() for name in domain.protocols)
    raise ParamsError(f"params.yaml: `name` in section `protocol` is {protocol!r}; known protocols: {known}")


def core_protocol(params: Params) -> CoreProtocol:
    """How the core is asked to carry a strategy out."""
    name = params.protocol.name
    return of_protocol(name).protocols[name](params.sandbox)
