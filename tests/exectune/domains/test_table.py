import pytest

from exectune import params
from exectune.domains.table import DOMAINS, of_protocol
from exectune.errors import ParamsError


def test_every_protocol_of_the_settings_belongs_to_one_domain(settings: params.Params) -> None:
    for name in ("program", "direct", "code"):
        params.Protocol(name=name, max_new_tokens=1)
        assert [domain.name for domain in DOMAINS.values() if name in domain.protocols] == [
            of_protocol(name).name
        ]
        protocol = of_protocol(name).protocols[name](settings.sandbox)
        assert protocol.VERSION.startswith(name)


def test_a_protocol_that_is_not_there_is_an_error_with_those_that_are() -> None:
    with pytest.raises(ParamsError, match=r"is 'programm'; known protocols: program, direct, code"):
        of_protocol("programm")


def test_a_domain_goes_by_its_own_name() -> None:
    assert {name: domain.name for name, domain in DOMAINS.items()} == {"maths": "maths", "code": "code"}
