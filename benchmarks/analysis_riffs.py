"""Short riffs as a person would send them, written by hand and played by NumPy alone."""
# ruff: noqa: E501, PLR0913, PLR0915, PLW2901
# fmt: off

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from analysis_truth import Item, truth

from tests.brain import sounds
from tests.brain.sounds import Hit

Span = tuple[float, float, int, bool]


def riffs() -> list[Item]:
    """Short riffs as a person would send: one instrument, 2 to 20 seconds."""
    guitar, bass, piano, voice, organ, drum = sounds.guitar, sounds.bass, sounds.piano, sounds.voice, sounds.organ, sounds.drum
    am = [(45, 52, 57, 60, 64), (41, 48, 53, 57, 60), (48, 52, 55, 60, 64), (43, 50, 55, 59, 62)]
    gd = [(43, 50, 55, 59, 62), (50, 57, 62, 66), (52, 55, 59, 64), (48, 52, 55, 60, 64)]
    made: list[Item] = []

    def add(name: str, hits: list[Hit], instrument: sounds.Instrument, bpm: float, meter: str, key: tuple[int, bool], chords: list[Span], *, first: float = 0.0, swing: float = 0.5, loose: float = 3.0, lead: float = 0.0, extra: list[Hit] | None = None) -> None:
        sound = sounds.play(hits, instrument, bpm, swing=swing, lead_in=lead, loose_ms=loose, seed=len(made))
        if extra:
            sound = sounds.mix(sound, sounds.play(extra, drum, bpm, swing=swing, lead_in=lead))
        item = truth(name, sound, meter, bpm, first=first, key=key, chords=chords)
        for times in (item.beats, item.downbeats):
            times += lead
        item.chords = [(a + lead, b + lead, r, m) for a, b, r, m in item.chords]
        made.append(item)

    def span(roots: list[tuple[int, bool]], bar: float, start: float = 0.0) -> list[Span]:
        return [(start + i * bar, start + (i + 1) * bar, r, m) for i, (r, m) in enumerate(roots)]

    amfcg, gdec = [(9, True), (5, False), (0, False), (7, False)], [(7, False), (2, False), (4, True), (0, False)]
    strum = (0, 1, 1.5, 2.5, 3, 3.5)
    add("guitar strum 4/4", sounds.chords(am * 2, 4, strum), guitar, 96, "4/4", (9, True), span(amfcg * 2, 4))
    add("guitar strum G 4/4", sounds.chords(gd * 2, 4, (0, 1.5, 2, 3, 3.5)), guitar, 126, "4/4", (7, False), span(gdec * 2, 4), lead=0.4)
    arp = [Hit(b * 4 + i * 0.5, 0.9, gd[b % 4][[0, 2, 3, 1, 3, 2, 3, 1][i] % len(gd[b % 4])], 0.9 if i == 0 else 0.6) for b in range(8) for i in range(8)]
    add("guitar arpeggio 4/4", arp, guitar, 84, "4/4", (7, False), span(gdec * 2, 4))
    waltz = [h for b in range(8) for h in [Hit(b * 3, 1, am[b % 4][0], 0.9)] + [Hit(b * 3 + q, 0.8, p, 0.5) for q in (1, 2) for p in am[b % 4][2:]]]
    add("piano waltz 3/4", waltz, piano, 138, "3/4", (9, True), span(amfcg * 2, 3))
    jig = [Hit(b * 3 + i * 0.5, 0.45, gd[b % 4][[0, 2, 3, 1, 3, 2][i] % len(gd[b % 4])], (1.0, 0.5, 0.55, 0.8, 0.5, 0.55)[i]) for b in range(8) for i in range(6)]
    add("guitar 6/8", jig, guitar, 150, "6/8", (7, False), span(gdec * 2, 3))
    ballad = [Hit(b * 6 + i * 0.5, 0.5, am[b % 4][i % 3 + 2 if i else 0], (1.0, 0.5, 0.5)[i % 3] if i else 1.0) for b in range(6) for i in range(12)]
    add("piano 12/8", ballad, piano, 102, "12/8", (9, True), span((amfcg * 2)[:6], 6), extra=[Hit(b * 6 + q, 0.1, d, v) for b in range(6) for q, d, v in ((0, 36, 1), (1.5, 38, 1), (3, 36, 1), (4.5, 38, 1))])
    take5 = [h for b in range(8) for h in [Hit(b * 5, 1.2, 39 + 12 * (b % 2) * 0, 0.95), Hit(b * 5 + 3, 0.8, 46, 0.85)] + [Hit(b * 5 + q, 0.4, p, 0.6) for q in (1.5, 2, 4) for p in (54, 58, 63)]]
    add("piano 5/4", take5, piano, 160, "5/4", (3, True), [(0, 40, 3, True)], swing=0.6)
    money = [Hit(a, 0.4, p, v) for a, p, v in ((0, 47, 1), (1, 59, 0.7), (1.5, 54, 0.7), (2, 47, 0.9), (3, 42, 0.8), (4, 45, 0.85), (5, 47, 0.8), (6, 50, 0.7))]
    add("bass 7/4", sounds.repeat(money, 7, [0] * 4), bass, 120, "7/4", (11, True), [(0, 28, 11, True)])
    odd = [Hit(a, 0.4, p, v) for a, p, v in ((0, 40, 1), (0.5, 47, 0.5), (1, 52, 0.85), (1.5, 47, 0.5), (2, 40, 0.9), (2.5, 55, 0.5), (3, 54, 0.6))]
    add("guitar 7/8", sounds.repeat(odd, 3.5, [0, 0, 5, 0, 0, 0, -2, 0]), guitar, 140, "7/8", (4, True), span([(4, True), (4, True), (9, True), (4, True), (4, True), (4, True), (2, False), (4, True)], 3.5), extra=[Hit(b * 3.5 + q, 0.1, d, 0.8) for b in range(8) for q, d in ((0, 36), (1, 38), (2, 36), (3, 38))])
    funk = [Hit(a, 0.3, p, v) for a, p, v in ((0, 40, 1), (0.75, 40, 0.6), (1.5, 52, 0.8), (2.25, 50, 0.6), (2.5, 47, 0.7), (3, 45, 0.7), (3.5, 43, 0.7))]
    add("bass funk 4/4", sounds.repeat(funk, 4, [0, 0, 5, 0]), bass, 104, "4/4", (4, True), span([(4, True), (4, True), (9, True), (4, True)], 4))
    pop = [Hit(b * 4 + i * 0.5, 0.45, (45, 41, 36, 43)[b % 4], 0.95 if i == 0 else 0.65) for b in range(8) for i in range(8)]
    add("bass eighths 4/4", pop, bass, 118, "4/4", (9, True), span(amfcg * 2, 4))
    walk = [Hit(i, 0.9, p, 0.8 + 0.1 * (i % 4 == 0)) for i, p in enumerate((38, 41, 45, 42, 43, 47, 50, 47, 36, 40, 43, 40, 36, 38, 40, 37) * 2)]
    add("bass walk ii-V-I", walk, bass, 152, "4/4", (0, False), span([(2, True), (7, False), (0, False), (0, False)] * 2, 4))
    blues = [h for b, r in enumerate((0, 0, 0, 0, 5, 5, 0, 0, 7, 5, 0, 7)) for q in range(4) for h in (Hit(b * 4 + q, 0.5, 40 + r, 0.9), Hit(b * 4 + q, 0.5, (47 if q % 2 == 0 else 49) + r, 0.8), Hit(b * 4 + q + 0.5, 0.4, 40 + r, 0.55), Hit(b * 4 + q + 0.5, 0.4, (47 if q % 2 == 0 else 49) + r, 0.5))]
    roots = [(4, False)] * 4 + [(9, False)] * 2 + [(4, False)] * 2 + [(11, False), (9, False), (4, False), (11, False)]
    add("guitar shuffle blues", blues, guitar, 116, "4/4", (4, False), span(roots, 4), swing=0.667)
    tune = [Hit(a, d, p, v) for a, d, p, v in ((0, 1, 67, 0.9), (1, 0.5, 64, 0.6), (1.5, 0.5, 64, 0.6), (2, 1, 65, 0.8), (3, 1, 62, 0.7), (4, 0.5, 60, 0.9), (4.5, 0.5, 64, 0.6), (5, 1, 67, 0.7), (6, 2, 67, 0.8), (8, 1, 69, 0.9), (9, 0.5, 65, 0.6), (9.5, 0.5, 65, 0.6), (10, 1, 67, 0.8), (11, 1, 64, 0.7), (12, 0.5, 62, 0.9), (12.5, 0.5, 65, 0.6), (13, 1, 59, 0.7), (14, 2, 60, 0.8))]
    add("voice tune 4/4", tune + [Hit(h.at + 16, h.length, h.pitch, h.loudness) for h in tune], voice, 100, "4/4", (0, False), span([(0, False), (0, False), (5, False), (7, False)] * 2, 4), loose=12)
    sung = [Hit(a + 1, d, p, 0.7 + 0.2 * (a % 3 == 0)) for a, d, p in ((-1, 1, 62), (0, 2, 67), (2, 1, 71), (3, 2, 71), (5, 1, 69), (6, 2, 67), (8, 1, 71), (9, 3, 74), (12, 2, 72), (14, 1, 71), (15, 2, 69), (17, 1, 67), (18, 3, 67))]
    add("voice 3/4 pickup", sung, voice, 112, "3/4", (7, False), [], first=1.0, loose=10)
    add("piano pop 4/4", [h for b in range(8) for h in [Hit(b * 4, 2, (45, 41, 36, 43)[b % 4], 0.9), Hit(b * 4 + 2.5, 1, (45, 41, 36, 43)[b % 4], 0.6)] + [Hit(b * 4 + q, 0.8, p, 0.6) for q in range(4) for p in am[b % 4][2:]]], piano, 76, "4/4", (9, True), span(amfcg * 2, 4))
    skank = [Hit(b * 4 + q + 0.5, 0.25, p, 0.7) for b in range(8) for q in range(4) for p in am[b % 4][2:]]
    rootsb = [Hit(b * 4 + a, 0.6, (33, 41, 36, 43)[b % 4], v) for b in range(8) for a, v in ((0, 1.0), (1.5, 0.7), (2, 0.9))]
    add("reggae skank", skank + rootsb, guitar, 76, "4/4", (9, True), span(amfcg * 2, 4), extra=[Hit(b * 4 + 2, 0.1, d, 0.9) for b in range(8) for d in (36, 38)])
    add("chorale organ", [Hit(i, 0.98, p, 0.7) for i in range(16) for p in ((48, 60, 64, 67), (43, 59, 62, 67), (45, 60, 64, 69), (41, 60, 65, 69), (48, 60, 64, 67), (50, 57, 65, 69), (43, 59, 62, 67), (48, 60, 64, 67))[i % 8]], organ, 72, "4/4", (0, False), [(float(i), i + 1.0, r, m) for i, (r, m) in enumerate([(0, False), (7, False), (9, True), (5, False), (0, False), (2, True), (7, False), (0, False)] * 2)])
    punk = [Hit(b * 4 + i * 0.5, 0.4, p, 0.8) for b in range(8) for i in range(8) for p in ((40, 47, 52), (45, 52, 57), (47, 54, 59), (45, 52, 57))[b % 4]]
    add("punk power chords", punk, guitar, 176, "4/4", (4, False), [], extra=[Hit(b * 4 + q + o, 0.1, d, 0.9) for b in range(8) for q in range(4) for o, d in ((0, 36), (0.5, 38))])
    half = [Hit(b * 4 + q, 0.1, d, v) for b in range(6) for q, d, v in [(0, 36, 1), (2, 38, 1), (2.75, 36, 0.8)] + [(i * 0.25, 42, 0.5) for i in range(16)]]
    add("half-time beat", [Hit(b * 4 + a, 0.5, p, 0.9) for b in range(6) for a, p in ((0, 33), (1.75, 33), (2.75, 36))], bass, 78, "4/4", (9, True), [(0, 24, 9, True)], extra=half)
    add("two bars only", sounds.chords([am[0], am[1]], 4, strum), guitar, 110, "4/4", (9, True), span(amfcg[:2], 4))
    add("bass two bars", sounds.repeat(funk, 4, [0, 0]), bass, 96, "4/4", (4, True), [(0, 8, 4, True)])
    bossa = [h for b in range(8) for h in [Hit(b * 4 + q, 0.9, (38, 43, 36, 45)[b % 4], 0.8) for q in (0, 1.5, 2, 3.5)] + [Hit(b * 4 + q, 0.4, p, 0.7) for q in (0, 1, 1.5, 2.5, 3.5) for p in ((53, 57, 60), (53, 59, 62), (55, 59, 64), (55, 61, 64))[b % 4]]]
    add("bossa guitar", bossa, guitar, 132, "4/4", (0, False), span([(2, True), (7, False), (0, False), (9, False)] * 2, 4))
    return made
