"""A browser without a window, steered over WebDriver (W3C): what a person sees of a page."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from tests.waiting import wait_until

_PORT: Final = re.compile(r"started successfully on port (\d+)")
_SECONDS: Final = 60.0


class Browser:
    """One window. `run` executes a script in it and answers what that returns."""

    def __init__(self, http: httpx.Client, session: str) -> None:
        self._http, self._session = http, session

    def open(self, url: str) -> None:
        """Go to an address, or reload where only the part behind # is another."""
        self._do("url", {"url": url})

    def reload(self) -> None:
        self._do("refresh", {})

    def run(self, script: str) -> Any:
        return self._do("execute/sync", {"script": script, "args": []})

    def text(self, selector: str) -> str:
        """What an element says, hidden or not."""
        return str(self.run(f"return document.querySelector({selector!r}).textContent"))

    def click(self, selector: str) -> None:
        self._do(f"element/{self._find(selector)}/click", {})

    def choose(self, selector: str, file: Path) -> None:
        """Give a file to an input."""
        self._do(f"element/{self._find(selector)}/value", {"text": str(file)})

    def until_says(self, selector: str, words: str) -> None:
        """Wait until an element says these words."""
        wait_until(
            lambda: words in self.text(selector),
            lambda: f"{words!r} in {selector}; the page says {self.text('main')[:600]!r}",
            _SECONDS,
        )

    def _find(self, selector: str) -> str:
        found = self._do("element", {"using": "css selector", "value": selector})
        return str(next(iter(found.values())))

    def _do(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._http.post(f"/session/{self._session}/{path}", json=body)
        assert answer.status_code == 200, answer.text[:600]
        return answer.json()["value"]


@contextmanager
def browser(folder: Path, *, width: int = 1200) -> Iterator[Browser]:
    """A fresh profile in `folder`."""
    driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{_port(driver)}", timeout=_SECONDS) as http:
            answer = http.post("/session", json=_wishes(folder, width))
            assert answer.status_code == 200, answer.text[:600]
            session = answer.json()["value"]["sessionId"]
            try:
                yield Browser(http, session)
            finally:
                http.delete(f"/session/{session}")
    finally:
        driver.terminate()
        driver.communicate(timeout=_SECONDS)


def _port(driver: "subprocess.Popen[str]") -> int:
    assert driver.stdout is not None
    for line in driver.stdout:
        if found := _PORT.search(line):
            return int(found[1])
    raise AssertionError("chromedriver ended before it listened")


def _wishes(folder: Path, width: int) -> dict[str, Any]:
    arguments = [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        f"--user-data-dir={folder}", f"--window-size={width},1000",
    ]  # fmt: skip
    return {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}}
