"""Reading our MusicXML for tests: a small independent sum of what stands in each measure."""

import xml.etree.ElementTree as ET
from collections import defaultdict
from typing import NamedTuple

TYPES = {
    "breve": 768,
    "whole": 384,
    "half": 192,
    "quarter": 96,
    "eighth": 48,
    "16th": 24,
    "32nd": 12,
}
QUARTER = 24  # our divisions


class Written(NamedTuple):
    """One note head, with ties followed: start and length in divisions from the first bar."""

    start: int
    length: int
    pitch: str
    voice: str


def tree(octets: bytes) -> ET.Element:
    return ET.fromstring(octets)


def number(element: ET.Element, path: str, default: int = 0) -> int:
    return int(element.findtext(path) or default)


def pitch_name(note: ET.Element) -> str:
    unpitched = note.find("unpitched")
    if unpitched is not None:
        return (note.find("instrument").get("id") or "").rpartition("I")[2]  # type: ignore[union-attr]
    step = note.findtext("pitch/step") or ""
    semitone = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[step]
    return str(12 * (number(note, "pitch/octave") + 1) + semitone + number(note, "pitch/alter"))


def check_shape(note: ET.Element) -> None:
    """The written symbol lasts as long as the duration says."""
    if note.find("rest[@measure]") is not None:
        return
    length = 2 * TYPES[note.findtext("type") or ""]
    total = sum(length >> dot for dot in range(len(note.findall("dot")) + 1))
    if note.find("time-modification") is not None:
        total = total * 2 // 3
    assert total == 2 * 4 * number(note, "duration")


def read_measure(measure: ET.Element, origin: int, bar: int) -> list[tuple[ET.Element, int]]:
    """Every note with its start; fails unless each voice fills the bar without overlap."""
    position, start = 0, 0
    filled: dict[str, int] = defaultdict(int)
    found = []
    for element in measure:
        duration = number(element, "duration")
        if element.tag == "backup":
            position -= duration
        elif element.tag == "forward":
            voice = element.findtext("voice")
            if voice is not None:
                assert filled[voice] == position
                filled[voice] += duration
            position += duration
        elif element.tag == "note":
            if element.find("chord") is None:
                start = position
                voice = element.findtext("voice") or ""
                assert filled[voice] == position
                filled[voice] += duration
                position += duration
            check_shape(element)
            found.append((element, origin + start))
        assert 0 <= position <= bar
    assert filled
    assert {bar} == set(filled.values())
    return found


def check_brackets(measure: ET.Element) -> None:
    """Tuplets open and close in turn, beams begin, continue and end, in each voice."""
    beams: dict[tuple[str, str], bool] = defaultdict(bool)
    tuplets: dict[str, bool] = defaultdict(bool)
    for note in measure.iter("note"):
        voice = note.findtext("voice") or ""
        for tuplet in note.iter("tuplet"):
            opening = tuplet.get("type") == "start"
            assert tuplets[voice] != opening
            tuplets[voice] = opening
        for beam in note.iter("beam"):
            line = voice, beam.get("number") or ""
            if beam.text in ("begin", "continue", "end"):
                assert beams[line] == (beam.text != "begin")
                beams[line] = beam.text != "end"
    assert not any(beams.values())
    assert not any(tuplets.values())


def read_part(part: ET.Element) -> list[Written]:
    """Sounding notes of a part, ties joined; checks every measure on the way."""
    divisions = number(part, "measure/attributes/divisions")
    beats, unit = number(part, "measure/attributes/time/beats"), number(part, ".//beat-type")
    assert QUARTER == divisions
    bar = 4 * divisions * beats // unit
    open_ties: dict[tuple[str, str, int], Written] = {}
    found: list[Written] = []
    for index, measure in enumerate(part.findall("measure")):
        check_brackets(measure)
        for note, start in read_measure(measure, index * bar, bar):
            if note.find("rest") is not None:
                continue
            pitch, length = pitch_name(note), number(note, "duration")
            ties = {tie.get("type") for tie in note.findall("tie")}
            read = Written(start, length, pitch, note.findtext("voice") or "")
            if "stop" in ties:
                before = open_ties.pop((read.voice, pitch, start))
                read = before._replace(length=before.length + length)
            if "start" in ties:
                open_ties[read.voice, pitch, start + length] = read
            else:
                found.append(read)
    assert not open_ties
    return sorted(found)


def read_score(octets: bytes) -> list[list[Written]]:
    return [read_part(part) for part in tree(octets).findall("part")]
