"""The server can be found by mDNS when asked, and says nothing otherwise."""

from functools import partial

import pytest

from musearoo.app.announcing import OSC, OSC_QUERY, addresses_of, announced
from tests.doubles import multicast
from tests.waiting import until

zeroconf = pytest.importorskip("zeroconf.asyncio")
ifaddr = pytest.importorskip("ifaddr")


async def found(kind: str, name: str) -> tuple[str, int]:
    async with zeroconf.AsyncZeroconf(interfaces=["127.0.0.1"]) as network:
        full = f"{name}.{kind}"
        info = await until(partial(network.async_get_service_info, kind, full, timeout=500), full)
        return info.parsed_addresses()[0], info.port


@pytest.fixture(scope="module")
def network() -> None:
    if not multicast.works():
        pytest.skip("no multicast on this machine")


@pytest.mark.usefixtures("network")
async def test_both_services_are_found_where_they_are():
    own = ("127.0.0.1",)
    async with announced(
        "MuseAroo test", host=own[0], http_port=8001, osc_port=8766, interfaces=own
    ) as done:
        assert done
        assert ("127.0.0.1", 8766) == await found(OSC, "MuseAroo test")
        assert ("127.0.0.1", 8001) == await found(OSC_QUERY, "MuseAroo test")


@pytest.mark.usefixtures("network")
async def test_a_web_port_that_nobody_reaches_is_not_announced():
    own = ("127.0.0.1",)
    async with announced(
        "MuseAroo alone", host=own[0], http_port=None, osc_port=8767, interfaces=own
    ):
        assert ("127.0.0.1", 8767) == await found(OSC, "MuseAroo alone")
        async with zeroconf.AsyncZeroconf(interfaces=["127.0.0.1"]) as network:
            name = f"MuseAroo alone.{OSC_QUERY}"
            assert await network.async_get_service_info(OSC_QUERY, name, timeout=500) is None


def test_all_addresses_are_those_that_others_reach(monkeypatch):
    """The machine's name often means 127.0.1.1: what is announced is what its networks see."""
    own = [
        ifaddr.Adapter("lo", "lo", [ifaddr.IP("127.0.0.1", 8, "lo")]),
        ifaddr.Adapter(
            "eth0",
            "eth0",
            [
                ifaddr.IP("192.0.2.7", 24, "eth0"),
                ifaddr.IP("169.254.1.2", 16, "eth0"),
                ifaddr.IP(("fd00::2", 0, 0), 64, "eth0"),
                ifaddr.IP(("fe80::1", 0, 4), 64, "eth0"),
            ],
        ),
    ]
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: own)
    assert addresses_of("0.0.0.0") == ("192.0.2.7",)
    assert addresses_of("::") == ("fd00::2",)
    assert addresses_of("192.0.2.9") == ("192.0.2.9",)


async def test_loopback_is_not_announced():
    async with announced("x", host="127.0.0.1", http_port=1, osc_port=2) as done:
        assert not done


async def test_without_the_extra_the_server_goes_on(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "zeroconf.asyncio", None)
    async with announced("x", host="192.0.2.1", http_port=1, osc_port=2) as done:
        assert not done
