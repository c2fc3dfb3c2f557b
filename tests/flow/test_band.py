"""A riff goes in, a band comes out: the whole product over HTTP, as a stranger would use it."""

import io
from typing import Any
from xml.etree import ElementTree

import httpx
import numpy as np
import pytest
import soundfile

from tests.flow.outcomes import ended, outcome
from tests.flow.sounds import riff, wav
from tests.servers.server import ServerProcess

ENGINES = ("drummaroo", "bassaroo", "melodyroo", "harmonyroo")


@pytest.fixture(scope="module")
def http(server: ServerProcess) -> Any:
    with server.client() as client:
        yield client


@pytest.fixture(scope="module")
def project(http: httpx.Client) -> str:
    made: dict[str, Any] = http.post("/api/v3/projects", json={"name": "Kitchen riff"}).json()
    return str(made["id"])


@pytest.fixture(scope="module")
def analysis(http: httpx.Client, project: str) -> dict[str, Any]:
    """The riff, analysed and adopted."""
    answer = http.post(
        f"/api/v3/projects/{project}/analyze",
        files={"audio_file": ("riff.wav", wav(riff(bpm=100)))},
        data={"analysis_type": "comprehensive"},
    )
    heard = outcome(http, answer)
    command = {"name": "adopt_analysis", "args": {"analysis_id": heard["analysis_id"]}}
    http.post(f"/api/v3/sessions/{project}/commands", json=command).raise_for_status()
    return heard


@pytest.fixture(scope="module")
def band(http: httpx.Client, project: str, analysis: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Four parts to the riff."""
    parts = {}
    for engine in ENGINES:
        answer = http.post(
            f"/api/v3/projects/{project}/generate", json={"engine": engine, "seed": 5}
        )
        parts[engine] = outcome(http, answer)
    return parts


def test_the_riff_is_understood(analysis: dict[str, Any]) -> None:
    """Key, tempo and meter, each with its confidence; the answer is the founding document's."""
    assert set(analysis) >= {
        "analysis_id", "musical_key", "tempo", "time_signature", "style", "emotion", "complexity",
        "confidence_score", "processing_time_ms", "detailed_features",
    }  # fmt: skip
    assert analysis["musical_key"] == "A minor"
    assert analysis["tempo"] == pytest.approx(100, abs=1)
    assert analysis["time_signature"] == "4/4"
    assert 0 < analysis["confidence_score"] <= 1
    assert analysis["detailed_features"]["chords"]
    hints = [(hint["engine"], hint["priority"]) for hint in analysis["preload_hints"]]
    assert hints == [("drummaroo", "high"), ("bassaroo", "medium")]


def test_the_analysis_can_be_read_again(
    http: httpx.Client, project: str, analysis: dict[str, Any]
) -> None:
    """By its id and in the list."""
    again = http.get(f"/api/v3/analyses/{analysis['analysis_id']}")
    assert again.json()["musical_key"] == "A minor"
    listed = http.get(f"/api/v3/projects/{project}/analyses").json()
    assert analysis["analysis_id"] in {each["analysis_id"] for each in listed}


def test_only_what_is_asked_for_is_shown(
    http: httpx.Client, project: str, analysis: dict[str, Any]
) -> None:
    """A recording that is here is named, by id or by link, instead of being sent again."""
    for url in (analysis["asset_id"], f"/api/v3/assets/{analysis['asset_id']}?expires=1"):
        body = {"audio_url": url, "analysis_type": "quick", "extract_features": ["key"]}
        heard = outcome(http, http.post(f"/api/v3/projects/{project}/analyze", json=body))
        assert "key_candidates" in heard["detailed_features"]
        assert "beats" not in heard["detailed_features"]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/riff.wav",
        "file:///etc/passwd",
        "http://169.254.169.254/api/v3/assets/00000000-0000-7000-8000-000000000001",
        "//evil.example/api/v3/assets/00000000-0000-7000-8000-000000000001",
        "/api/v3/assets/../../etc/passwd",
    ],
)
def test_nothing_is_fetched_from_elsewhere(http: httpx.Client, project: str, url: str) -> None:
    """Only our own assets have names here."""
    answer = http.post(f"/api/v3/projects/{project}/analyze", json={"audio_url": url})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-value")
    body = {"engine": "drummaroo", "reference_audio_url": url}
    answer = http.post(f"/api/v3/projects/{project}/generate", json=body)
    assert answer.status_code == 422


def test_the_band_follows(http: httpx.Client, project: str, band: dict[str, Any]) -> None:
    """Four parts, each completed with notes; the pitched ones stay in the key."""
    parts = http.get(f"/api/v3/projects/{project}/parts").json()
    assert {part["part"] for part in parts} == {"drums", "bass", "melody", "harmony"}
    for engine, done in band.items():
        take = http.get(f"/api/v3/takes/{done['take_id']}").json()
        assert take["notes"], engine
        if engine != "drummaroo":
            in_key = [note["pitch"] % 12 in {9, 11, 0, 2, 4, 5, 7} for note in take["notes"]]
            assert sum(in_key) / len(in_key) > 0.85, engine


@pytest.mark.parametrize("engine", ENGINES)
def test_every_part_is_midi_audio_and_notation(
    http: httpx.Client, band: dict[str, Any], engine: str
) -> None:
    """Rendered on first request, the same afterwards, and what they say they are."""
    urls = band[engine]["result_urls"]
    assert set(urls) == {"midi", "audio", "notation"}
    midi, audio, notation = (http.get(urls[kind]) for kind in ("midi", "audio", "notation"))
    assert midi.content.startswith(b"MThd")
    sound, rate = soundfile.read(io.BytesIO(audio.content))
    assert rate >= 44100
    assert np.abs(sound).max() > 0.02
    assert np.abs(sound).max() <= 1.0
    assert ElementTree.fromstring(notation.content).tag.endswith("svg")
    assert http.get(urls["midi"]).content == midi.content
    for answer, how in ((midi, "attachment"), (audio, "inline"), (notation, "inline")):
        assert answer.headers["content-disposition"].startswith(f"{how}; filename=")
        assert "sandbox" in answer.headers["content-security-policy"]
        assert "immutable" in answer.headers["cache-control"]


def test_links_give_ranges_and_end(http: httpx.Client, band: dict[str, Any]) -> None:
    """As players ask for them; a changed or expired link opens nothing."""
    url = band["drummaroo"]["result_urls"]["audio"]
    whole = http.get(url)
    tag = whole.headers["etag"]
    size = len(whole.content)
    part = http.get(url, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{size}"
    tail = http.get(url, headers={"Range": "bytes=-50", "If-Range": tag})
    assert tail.content == whole.content[-50:]
    assert http.get(url, headers={"Range": "bytes=5-", "If-Range": '"x"'}).status_code == 200
    beyond = http.get(url, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    assert http.get(url, headers={"If-None-Match": tag}).status_code == 304
    head = http.head(url)
    assert (head.headers["content-length"], head.content) == (str(size), b"")
    assert http.get(url.replace("signature=", "signature=A")).status_code == 404
    assert http.get(url.partition("?")[0]).status_code == 404
    anyone = httpx.get(http.base_url.join(url), timeout=30)
    assert anyone.content == whole.content


def test_the_whole_song_can_be_taken_away(
    http: httpx.Client, project: str, band: dict[str, Any]
) -> None:
    """As MIDI and as MusicXML, in a file named after the project."""
    assert band
    for format_name, start in (("midi", b"MThd"), ("musicxml", b"<?xml")):
        answer = http.post(f"/api/v3/projects/{project}/export", json={"format": format_name})
        assert answer.status_code == 202, answer.text
        assert set(answer.json()) >= {"export_id", "estimated_completion", "download_url"}
        done = ended(http, answer.headers["location"])
        assert done["status"] == "completed", done
        file = http.get(done["download_url"])
        assert file.content.startswith(start)
        assert "Kitchen riff." in file.headers["content-disposition"]
        assert file.headers["content-disposition"].startswith("attachment")


def test_what_cannot_be_exported(http: httpx.Client, project: str) -> None:
    """An unknown format, and a project without music."""
    wrong = http.post(f"/api/v3/projects/{project}/export", json={"format": "wma"})
    assert (wrong.status_code, "midi" in wrong.json()["detail"]) == (422, True)
    empty = http.post("/api/v3/projects", json={"name": "Empty"}).json()["id"]
    answer = http.post(f"/api/v3/projects/{empty}/export", json={"format": "midi"})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_engines_describe_themselves(http: httpx.Client) -> None:
    """Every parameter with its type, range, default and meaning."""
    engines = {engine["name"]: engine for engine in http.get("/api/v3/engines").json()}
    assert set(engines) >= set(ENGINES)
    for engine in engines.values():
        assert engine["version"]
        assert engine["default_part"]
        for parameter in engine["parameters"]:
            assert parameter["meaning"], (engine["name"], parameter["name"])
            assert parameter["kind"] in {"number", "integer", "choice", "boolean"}
