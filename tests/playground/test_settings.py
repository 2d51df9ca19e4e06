"""Where a playground may be."""

import pytest

from playground import Playground, PlaygroundSettings


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1"])
def test_addresses_of_this_machine(host: str) -> None:
    assert PlaygroundSettings(host=host).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "example.org", "", "::"])
def test_no_other_address(host: str) -> None:
    with pytest.raises(ValueError, match="this machine alone"):
        PlaygroundSettings(host=host)


def test_an_address_of_the_newer_kind() -> None:
    playground = Playground(PlaygroundSettings(host="::1"))
    assert (playground.url, playground.gateway) == ("http://[::1]:0", "ws://[::1]:0/gateway")
