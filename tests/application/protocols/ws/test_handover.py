"""The contract with uvicorn and websockets: fails when what we build on has another shape."""

import inspect

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.datastructures import Headers
from websockets.server import ServerProtocol

from musearoo.protocols.ws.handover import Handover
from musearoo.protocols.ws.handshake import address_of, counted_address, refusal
from musearoo.protocols.ws.options import WsOptions

OPTIONS = WsOptions(allowed_hosts=("localhost", "[::1]", "play.example"))


class TestContract:
    @pytest.mark.parametrize("protocol", [HttpToolsProtocol, WebSocketsSansIOProtocol, Handover])
    def test_uvicorn_makes_protocols_as_we_expect(self, protocol):
        names = list(inspect.signature(protocol).parameters)
        assert ["config", "server_state", "app_state", "_loop"] == names

    def test_uvicorn_hands_an_upgrade_over_in_one_place(self):
        source = inspect.getsource(HttpToolsProtocol.handle_websocket_upgrade)
        for used in (
            "self.connections.discard(self)", "self.url", 'self.scope["headers"]',
            "protocol.connection_made(self.transport)", "self.transport.set_protocol(protocol)",
        ):  # fmt: skip
            assert used in source

    def test_websockets_offers_what_we_call(self):
        names = set(inspect.signature(ServerProtocol).parameters)
        assert {"subprotocols", "select_subprotocol", "max_size", "logger"} <= names
        for method in ("receive_data", "receive_eof", "data_to_send", "close_expected", "fail"):
            assert callable(getattr(ServerProtocol, method))


class TestHandshake:
    @pytest.mark.parametrize(
        ("host", "page", "status"),
        [
            ("localhost:8000", None, None),
            ("[::1]:8000", "http://[::1]:8000", None),
            ("play.example", "https://play.example", None),
            ("evil.example", None, 421),
            ("", None, 421),
            ("localhost", "https://evil.example", 403),
            ("localhost", "null", 403),
            ("localhost", "http://localhost.evil.example", 403),
            ("localhost", "chrome-extension://localhost", 403),
            ("localhost", "http://[", 403),
        ],
    )
    def test_only_our_pages_on_our_hosts(self, host, page, status):
        headers = Headers({"Host": host} | ({"Origin": page} if page is not None else {}))
        refused = refusal(headers, OPTIONS)
        assert status == (refused[0] if refused else None)

    def test_two_origins_are_refused(self):
        headers = Headers([("Host", "localhost"), ("Origin", "a"), ("Origin", "b")])
        refused = refusal(headers, OPTIONS)
        assert refused is not None
        assert 400 == refused[0]

    def test_a_trusted_proxy_tells_the_address_and_nobody_else(self):
        behind = WsOptions(trusted_proxies=("10.0.0.0/8",))
        headers = Headers({"X-Forwarded-For": "203.0.113.9, 198.51.100.1, 10.0.0.2"})
        assert "198.51.100.1" == address_of("10.0.0.1", headers, behind)
        assert "192.0.2.1" == address_of("192.0.2.1", headers, behind)

    def test_ipv6_counts_by_network(self):
        assert "2001:db8::/64" == counted_address("2001:db8::1")
        assert counted_address("2001:db8::ffff:2") == counted_address("2001:db8::1")
        assert "unknown" == counted_address("somewhere")
