"""The grammar of spoken commands for the recogniser, from the same vocabulary as that of text.

Narrower than what may be typed: each word more that can be said is one more that can be
misheard. JSpeech Grammar Format 1.0.
"""

from collections.abc import Callable, Iterable
from typing import Final

from musearoo.domain.music.style import STYLES, synonyms

PRONOUNCED: Final = {
    "afrobeat": "AE F R OW B IY T", "bassline": "B EY S L AY N", "bossa": "B AO S AH",
    "bpm": "B IY P IY EH M", "comping": "K AA M P IH NG", "dorian": "D AO R IY AH N",
    "humanise": "HH Y UW M AH N AY Z", "mixolydian": "M IH K S AH L IH D IY AH N",
    "regenerate": "R IY JH EH N ER EY T", "semitone": "S EH M IY T OW N",
    "semitones": "S EH M IY T OW N Z", "sparser": "S P AA R S ER", "synth": "S IH N TH",
    "unmute": "AH N M Y UW T", "edm": "IY D IY EH M", "lofi": "L OW F AY",
}  # fmt: skip
"""Words that the dictionary of the model lacks, in ARPAbet."""

_RULES: Final = {
    "part": "drums | drum beat | beat | bass | bass line | melody | lead | chords | harmony | "
    "piano",
    "parts": "<part> | everything | the <part>",
    "more": "more | less | [a bit | much] (more | less)",
    "control": "complexity | density | intensity | swing | variation | fills | ghost notes | "
    "register | tension | groove | energy",
    "mood": "busier | simpler | louder | softer | quieter | harder | tighter | looser | "
    "higher | lower | funky | jazzy | heavier | gentler",
    "degree": "a bit | a little | much",
    "unit": "one | two | three | four | five | six | seven | eight | nine",
    "ten": "twenty | thirty | forty | fifty | sixty | seventy | eighty | ninety",
    "teen": "ten | eleven | twelve | thirteen | fourteen | fifteen | sixteen | seventeen | "
    "eighteen | nineteen",
    "below": "<ten> [<unit>] | <teen> | <unit>",
    "bpm": "[a | one] hundred [[and] <below>] | one (<teen> | <ten> [<unit>]) | <ten> [<unit>]",
    "bar": "<below>",
    "letter": "a | b | c | d | e | f | g",
    "mode": "major | minor | dorian",
    "key": "<letter> [flat | sharp] <mode>",
    "bars": "bar <bar> | bars <bar> (to | and) <bar>",
    "make": "give me | generate | create | play | add | i want",
    "new": "<make> (a | some | new | another) [<style>] <part> [<extra>] [<extra>]",
    "extra": "at <bpm> [beats per minute] | in <key> | <more> busy | with <more> <control>",
    "change": "[make the] [<part>] [<degree>] <mood> [<part>] | <more> <control> [on the <part>] "
    "| <more> busy | set [<part>] <control> to <below> percent | make the <part> <more> busy | "
    "turn (up | down) the <control> | make it <style> | switch to <style>",
    "tempo": "[set the] tempo [to] <bpm> | <bpm> beats per minute | [<degree>] (faster | slower) "
    "| speed up | slow down | double time | half time",
    "settings": "[change the] key [to | of] <key> | in <key> | (three | four | six | seven | "
    "five) (four | eight) time",
    "transport": "play | stop | start | play from bar <bar> | go to bar <bar> | go to the "
    "beginning | loop <unit> bars | loop bars <bar> to <bar> | loop off | panic",
    "history": "undo | redo | undo that | previous take | next take | keep this take | "
    "(lock | unlock | regenerate) <bars> [of the <part>] | (lock | regenerate) the <part> | "
    "try again | yes | no | cancel",
}


def speech_grammar(is_known: Callable[[str], bool]) -> str:
    """The grammar as text; `is_known` says which words can be recognised at all."""
    rules = {**_RULES, "style": " | ".join(_styles(is_known))}
    body = "\n".join(f"<{name}> = {words};" for name, words in rules.items())
    said = "<new> | <change> | <tempo> | <settings> | <transport> | <history>"
    return f"#JSGF V1.0;\ngrammar musearoo;\n{body}\npublic <said> = [please] ({said});\n"


def _styles(is_known: Callable[[str], bool]) -> Iterable[str]:
    words = dict.fromkeys([*STYLES, *synonyms()])
    plain = (word.replace("-", " ") for word in words if "&" not in word)
    return sorted({word for word in plain if all(is_known(each) for each in word.split())})


def spoken_words() -> frozenset[str]:
    """Every word of the rules but those of styles."""
    marks = str.maketrans("|[]()<>", "       ")
    rules = " ".join(_RULES.values()).translate(marks).split()
    return frozenset(word for word in rules if word not in _RULES and word != "style")
