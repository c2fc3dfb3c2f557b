"""A real server process on a free port, started as a user would start it."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue

import httpx

_URL = re.compile(r"^\s*(https?://[^\s#]+)/(?:#local=(\S+))?\s*$")
START_SECONDS = 90.0
STOP_SECONDS = 60.0
ANSWER_SECONDS = 60.0


class ServerProcess:
    """`musearoo serve` with its data folder; `kill` ends it as a power cut would."""

    def __init__(
        self,
        data_dir: Path,
        environment: Mapping[str, str] | None = None,
        *extra: str,
        osc_port: int = 0,
    ) -> None:
        self.data_dir = data_dir
        self._environment = dict(environment or {})
        self._extra = extra
        self._ports = ("--port", "0", "--osc-port", str(osc_port))
        self._process: subprocess.Popen[str] | None = None
        self._lines: Queue[str] = Queue()  # of the latest start only
        self.url = ""
        self.token = ""
        self.ready_seconds = 0.0

    @property
    def pid(self) -> int:
        """The process id of the server."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it says where it listens."""
        began = time.monotonic()
        log = (self.data_dir.parent / f"{self.data_dir.name}.log").open("ab")
        command = [sys.executable, *(self._extra or ("-m", "musearoo.app"))]
        self._process = subprocess.Popen(
            [*command, "serve", *self._ports, "--data-dir", str(self.data_dir)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self._environment},
            start_new_session=True,
        )
        log.close()
        self._lines = Queue()
        self._reader = threading.Thread(
            target=self._read, args=(self._process, self._lines), daemon=True
        )
        self._reader.start()
        try:
            self.url, self.token = self._await_url()
        except BaseException:
            self.kill()
            raise
        self.ready_seconds = time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL, without any chance to tidy up."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._hang_up()

    def stop(self) -> int:
        """End politely; answers the exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"the server did not end:\n{self.log()[-3000:]}") from None
        finally:
            self._hang_up()

    def client(self) -> httpx.Client:
        """A client logged in as the local owner."""
        answer = httpx.post(
            f"{self.url}/api/v3/auth/local",
            json={"token": self.local_token()},
            timeout=ANSWER_SECONDS,
        )
        answer.raise_for_status()
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return httpx.Client(base_url=self.url, headers=bearer, timeout=ANSWER_SECONDS)

    def local_token(self) -> str:
        """The token in the data folder, as the command line reads it."""
        return (self.data_dir / "local-token").read_text()

    def log(self) -> str:
        """Everything the process wrote to its log."""
        return (self.data_dir.parent / f"{self.data_dir.name}.log").read_text()

    def _hang_up(self) -> None:
        self._reader.join(STOP_SECONDS)
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self, process: subprocess.Popen[str], lines: Queue[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)

    def _await_url(self) -> tuple[str, str]:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self._process is not None
            try:
                found = _URL.search(self._lines.get(timeout=0.1))
            except Empty:
                assert self._process.poll() is None, self.log()
                continue
            if found is not None:
                return found[1], found[2] or ""
        raise AssertionError(f"the server did not say where it listens:\n{self.log()}")


@contextmanager
def nobody_listens() -> Iterator[int]:
    """A port on which connections are refused for as long as the block lasts."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


@contextmanager
def serving(
    data_dir: Path,
    environment: Mapping[str, str] | None = None,
    *extra: str,
    osc_port: int = 0,
) -> Iterator[ServerProcess]:
    """A running server, ended with the block."""
    server = ServerProcess(data_dir, environment, *extra, osc_port=osc_port)
    server.start()
    try:
        yield server
    finally:
        server.stop()
