"""XML as text: elements whose content is always escaped and always legal XML 1.0."""

import re
from typing import Final

LONGEST_TEXT: Final = 300
_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES: Final = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;"}


def escaped(words: str) -> str:
    """Text for content and attributes: characters XML forbids become spaces."""
    return _ILLEGAL.sub(" ", words[:LONGEST_TEXT]).translate(_ESCAPES)


def element(name: str, text: object = "", /, **attributes: object) -> str:
    """One element around plain text."""
    return wrapped(name, escaped(str(text)), **attributes)


def wrapped(name: str, content: str, /, **attributes: object) -> str:
    """One element around elements; "_" in an attribute's name stands for "-"."""
    head = name
    for key, value in attributes.items():
        head += f' {key.replace("_", "-")}="{escaped(str(value))}"'
    return f"<{head}>{content}</{name}>" if content else f"<{head}/>"
