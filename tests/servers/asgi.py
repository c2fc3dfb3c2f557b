"""`musearoo.app.asgi` under uvicorn as it comes, with its own WebSockets; one line says where."""

import argparse
import asyncio
import socket
from pathlib import Path

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from musearoo.app.asgi import Application
from musearoo.app.settings import Settings


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("serve")
    parser.add_argument("--port")
    parser.add_argument("--data-dir", type=Path)
    given, _ = parser.parse_known_args()
    listener = socket.create_server(("127.0.0.1", 0))
    settings = Settings(data_dir=given.data_dir)  # type: ignore[call-arg]
    application = Application(settings)
    config = uvicorn.Config(
        application, ws=WebSocketsSansIOProtocol, log_config=None, timeout_graceful_shutdown=3
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110  uvicorn offers no event
        await asyncio.sleep(0.02)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/#local=unused", flush=True)
    await serving


if __name__ == "__main__":
    asyncio.run(main())
