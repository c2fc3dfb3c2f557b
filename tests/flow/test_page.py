"""The first page in a browser: a riff in, a band out, and all of it there after a reload."""

from pathlib import Path

import httpx
import pytest

from tests.flow.browser import browser
from tests.flow.sounds import riff, wav
from tests.servers.server import ServerProcess

READY = "press Play"
RIFF = wav(riff(bpm=100, bars=4))


SHOWN = """
const all = (css, of) => [...document.querySelectorAll(css)].map(of);
return {
  facts: all("#facts dd, #chords li", (each) => each.textContent),
  rolls: all(".roll", (each) => each.getAttribute("aria-label") + each.toDataURL()),
  controls: all(".complexity, .intensity, #style", (each) => each.value),
};"""


@pytest.mark.serial
@pytest.mark.needs("chromedriver", "chromium")
def test_a_reload_comes_back_to_the_riff(server: ServerProcess, tmp_path: Path) -> None:
    """By its address, and from the list of earlier riffs; in a window as narrow as a phone's."""
    recording = tmp_path / "kitchen.wav"
    recording.write_bytes(RIFF)
    with server.client() as http:
        http.post("/api/v3/projects", json={"name": "Riff" * 50}).raise_for_status()
    with browser(tmp_path / "profile", width=500) as page:
        page.open(f"{server.url}/#local={server.local_token()}")
        page.until_says("#status", "Ready")
        page.choose("#file", recording)
        page.until_says("#status", READY)
        assert "A minor" in page.text("#facts")
        page.run("document.querySelector('.part:nth-child(2) .complexity').value = 0.9")
        page.run("document.getElementById('style').value = 'funk'")
        page.click(".part:nth-child(2) .again")
        page.until_says("#status", "BassaRoo is ready")
        before = page.run(SHOWN)
        assert {"0.9", "funk"} <= set(before["controls"])
        page.reload()
        page.until_says("#status", READY)
        assert page.run(SHOWN) == before
        page.open(server.url)
        page.until_says("#status", "Drop a riff")
        assert "kitchen" in page.text("#projects")
        page.click("#reopen")
        page.until_says("#status", READY)
        assert page.run(SHOWN) == before
        wide, window = page.run("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide <= window <= 500


def test_the_recording_can_be_had_again(server: ServerProcess) -> None:
    """By the link of its analysis, byte for byte and without a login; not by another link."""
    with server.client() as http:
        project = http.post("/api/v3/projects", json={"name": "Riff"}).json()["id"]
        where = f"/api/v3/projects/{project}"
        file = {"audio_file": ("riff.wav", RIFF)}
        heard = http.post(f"{where}/analyze", files=file, data={"analysis_type": "quick"}).json()
        (listed,) = http.get(f"{where}/analyses").json()
        read = http.get(f"/api/v3/analyses/{heard['analysis_id']}").json()
    for link in (heard["audio_url"], listed["audio_url"], read["audio_url"]):
        answer = httpx.get(server.url + link, timeout=30)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
        assert answer.content == RIFF
    assert httpx.get(server.url + link[:-1], timeout=30).status_code == 404
