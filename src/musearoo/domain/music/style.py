"""The closed list of styles that engines play and analysis guesses."""

from typing import Final

STYLES: Final = (
    "rock", "pop", "funk", "jazz", "latin", "hip hop", "afrobeat", "afrocuban", "new orleans",
    "soul", "dance", "reggae", "punk", "country", "blues", "folk", "ballad", "metal",
)  # fmt: skip
AUTO: Final = "auto"
_SYNONYMS: Final = {
    "funky": "funk", "hip-hop": "hip hop", "hiphop": "hip hop", "rap": "hip hop", "trap": "hip hop",
    "lofi": "hip hop", "lo-fi": "hip hop", "edm": "dance", "house": "dance", "techno": "dance",
    "disco": "dance", "electronic": "dance", "bossa": "latin", "bossa nova": "latin",
    "samba": "latin", "salsa": "afrocuban", "swing": "jazz", "bebop": "jazz", "r&b": "soul",
    "rnb": "soul", "gospel": "soul", "second line": "new orleans", "indie": "rock",
    "alternative": "rock", "hard rock": "metal", "acoustic": "folk", "slow": "ballad",
    "bluesy": "blues", "jazzy": "jazz", "rocky": "rock", "ska": "reggae", "dub": "reggae",
}  # fmt: skip


def find_style(text: str) -> str | None:
    """The style meant by a word or synonym, "auto" for itself, or None."""
    word = " ".join(text.lower().replace("_", " ").split())
    for spelling in (word, word.replace("-", " ")):
        if spelling in STYLES or spelling == AUTO:
            return spelling
        if spelling in _SYNONYMS:
            return _SYNONYMS[spelling]
    return None


def synonyms() -> dict[str, str]:
    """Every other word for a style, and the style it means."""
    return dict(_SYNONYMS)
