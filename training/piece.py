"""What a composed piece is made of, and the tables it is drawn from."""
# ruff: noqa: E501

from dataclasses import dataclass, field

METERS = {  # name: (quarters a bar, beats of the bar in quarters, accents in eighths)
    "4/4": (4.0, 1.0, (0, 4)),
    "3/4": (3.0, 1.0, (0,)),
    "2/4": (2.0, 1.0, (0,)),
    "5/4": (5.0, 1.0, (0, 6)),
    "6/4": (6.0, 1.0, (0, 6)),
    "7/4": (7.0, 1.0, (0, 8)),
    "5/8": (2.5, 0.5, (0, 3)),
    "7/8": (3.5, 0.5, (0, 2, 4)),
    "6/8": (3.0, 1.5, (0, 3)),
    "9/8": (4.5, 1.5, (0, 3, 6)),
    "12/8": (6.0, 1.5, (0, 3, 6, 9)),
}
METER_SHARE = {
    "4/4": 0.50, "3/4": 0.12, "2/4": 0.02, "5/4": 0.06, "6/4": 0.01, "7/4": 0.03, "5/8": 0.02,
    "7/8": 0.07, "6/8": 0.09, "9/8": 0.03, "12/8": 0.05,
}  # fmt: skip
TONES = {"maj": (0, 4, 7), "min": (0, 3, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "min7": (0, 3, 7, 10), "hdim7": (0, 3, 6, 10), "dim": (0, 3, 6), "aug": (0, 4, 8), "sus4": (0, 5, 7), "sus2": (0, 2, 7), "maj6": (0, 4, 7, 9), "min6": (0, 3, 7, 9)}  # fmt: skip


@dataclass
class Piece:
    """A composed excerpt in quarter notes; `truth` times are added by `perform`."""

    meter: str
    bars: int
    bpm: float
    key: tuple[int, bool]
    chords: list[tuple[float, float, int, str]]
    tracks: list[tuple[int, bool, list[tuple[float, float, int, int]]]] = field(
        default_factory=list
    )
    swing: float = 0.5
    pickup: float = 0.0
    kind: str = ""

    @property
    def bar(self) -> float:
        return METERS[self.meter][0]


def chord_at(piece: Piece, beat: float) -> tuple[int, str]:
    for a, b, root, quality in piece.chords:
        if a - 1e-6 <= beat < b - 1e-6:
            return root, quality
    return piece.chords[-1][2], piece.chords[-1][3]
