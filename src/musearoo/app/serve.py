"""The server process: one port, opened before anything is promised, closed last."""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
import webbrowser
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import cast

import structlog
import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import HANDLED_SIGNALS

from musearoo import __version__
from musearoo.app.compose import Graph, running
from musearoo.app.live import link_bridge, live_bridge
from musearoo.app.metrics import Metrics
from musearoo.app.osc import osc_door
from musearoo.app.settings import Settings
from musearoo.conductor.conductor import Conductor
from musearoo.domain.errors import MuseArooError, Unavailable
from musearoo.protocols.rest.options import RestOptions
from musearoo.protocols.ws.door import Door
from musearoo.protocols.ws.handover import handover_to
from musearoo.protocols.ws.options import WsOptions

log = structlog.get_logger(__name__)

_GRACE_SECONDS = 5
_SWITCH_SECONDS = 0.0005  # how long the writer's thread may keep the event loop waiting


class _Server(uvicorn.Server):
    """Uvicorn that tells when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal; from then on none may end what is stored until the process is over."""
        for each in HANDLED_SIGNALS:
            signal.signal(each, self.handle_exit)
        try:
            yield
        finally:
            for each in HANDLED_SIGNALS:
                signal.signal(each, signal.SIG_IGN)


def serve(settings: Settings, *, announce: Callable[[str], None], open_browser: bool) -> None:
    """Run until interrupted. `announce` gets the URL to open; raises `Unavailable`.

    Afterwards the process ignores signals to end: it is about to.
    """
    with (
        contextlib.closing(_listen(settings)) as listener,
        asyncio.Runner(loop_factory=_loop_factory()) as runner,
    ):
        runner.run(_serve(settings, listener, announce, open_browser=open_browser))


def openapi_document() -> bytes:
    """The OpenAPI document of the REST door as JSON; nothing is started for it."""
    from musearoo.protocols.rest.app import create_app  # noqa: PLC0415  (loads slowly)

    nobody = cast("Conductor", None)
    document: bytes = create_app(nobody, RestOptions(version=__version__)).state.openapi
    return document


async def _serve(
    settings: Settings,
    listener: socket.socket,
    announce: Callable[[str], None],
    *,
    open_browser: bool,
) -> None:
    async with running(settings, meanwhile=_load_doors) as graph:
        from musearoo.protocols.rest.app import create_app  # noqa: PLC0415  (loaded by now)

        metrics = Metrics(graph)
        _settle_memory()
        app = create_app(graph.conductor, rest_options(graph, metrics))
        door = Door(graph.conductor, ws_options(settings))
        door.start()
        port = listener.getsockname()[1]

        def ready() -> None:
            url = _address(settings, graph, port)
            log.info("server.ready", host=settings.host, port=port, local=settings.local_mode)
            announce(url)
            gc.freeze()  # what is loaded stays: keep collections short
            sys.setswitchinterval(_SWITCH_SECONDS)
            if open_browser:
                webbrowser.open(url)

        try:
            async with (
                live_bridge(graph),
                link_bridge(graph),
                osc_door(graph, app, port) as answering,
            ):
                await _Server(_config(settings, answering, door), ready).serve(sockets=[listener])
        finally:
            door.close()


async def _readiness(graph: Graph) -> dict[str, bool]:
    try:
        await graph.conductor.world.store.read(lambda tx: tx.jobs.waiting())
    except MuseArooError:
        store = False
    else:
        store = True
    return {"store": store, "engines": bool(graph.pool.engines())}


def _settle_memory() -> None:
    """What was loaded stays: keep it out of collections, and collect less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)


def _load_doors() -> None:
    """The web framework takes as long to load as the workers take to start."""
    import_module("musearoo.protocols.rest.app")


def rest_options(graph: Graph, metrics: Metrics) -> RestOptions:
    settings = graph.settings
    return RestOptions(
        allowed_hosts=settings.hosts,
        cors_origins=settings.cors_origins,
        local_tokens=graph.local_tokens,
        secure_cookies=settings.tls_cert is not None or settings.public_url.startswith("https"),
        version=__version__,
        metrics=metrics,
        readiness=lambda: _readiness(graph),
    )


def ws_options(settings: Settings) -> WsOptions:
    return WsOptions(
        allowed_hosts=settings.hosts,
        allowed_origins=settings.cors_origins,
        trusted_proxies=settings.trusted_proxies,
        per_user=None if settings.local_mode else 32,
    )


def _config(settings: Settings, app: object, door: Door) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=handover_to(door),
        ws=WebSocketsSansIOProtocol,
        ws_max_size=1 << 16,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_keep_alive=75,
    )


def _listen(settings: Settings) -> socket.socket:
    try:
        return socket.create_server((settings.host, settings.port), backlog=2048)
    except OSError as error:
        raise Unavailable(
            f"Port {settings.port} on {settings.host} cannot be opened ({error.strerror}); "
            "stop what uses it, or choose another with --port."
        ) from error


def _address(settings: Settings, graph: Graph, port: int) -> str:
    scheme = "https" if settings.tls_cert else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    here = f"{scheme}://{host}:{port}"
    base = settings.public_url or here
    if graph.local_tokens is None:
        return f"{base}/"
    graph.local_tokens.listening_at(here)
    return f"{base}/#local={graph.local_tokens.issue()}"


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415  not on every platform
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
