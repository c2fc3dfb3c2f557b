"""How a person wants to be shown and told things: read by dashboard, phone, CLI and server."""

from typing import Annotated, Literal

from pydantic import Field

from musearoo.protocols.rest.bodies import Body

Announced = Literal["transport", "chord", "take", "chat", "presence"]


class ScreenReader(Body):
    """What is announced, and when."""

    verbosity: Literal["low", "medium", "high"] = "medium"
    announce: tuple[Announced, ...] = ("transport", "chord", "take", "chat")
    quantise_to: Literal["beat", "bar"] = "bar"
    mute_while_playing: bool = False


class Keyboard(Body):
    """Keys: WCAG 2.1.4 lets single-key shortcuts be turned off or remapped."""

    single_key_shortcuts: bool = True
    remap: Annotated[
        dict[
            Annotated[str, Field(min_length=1, max_length=40)],
            Annotated[str, Field(min_length=1, max_length=40)],
        ],
        Field(max_length=100),
    ] = Field(default_factory=dict)
    sticky_nudge_ms: Annotated[int, Field(ge=0, le=5_000)] = 0


class Pointer(Body):
    """Mouse and touch."""

    target: Literal["normal", "large"] = "normal"
    drag_alternatives: bool = False
    hold_ms: Annotated[int, Field(ge=100, le=5_000)] = 500
    knob_mode: Literal["vertical", "circular", "buttons"] = "vertical"


class Audio(Body):
    """Sound for the ears that listen."""

    mono: bool = False
    click: Literal["sound", "flash", "vibrate", "both"] = "sound"
    earcons: bool = False
    sonify_selection: bool = False
    duck_speech_db: Annotated[int, Field(ge=-40, le=0)] = -12


class Captions(Body):
    """Sound as text."""

    voice_command_text: bool = True
    lyrics: bool = True


class Units(Body):
    """How places and notes are named."""

    position: Literal["beats", "time"] = "beats"
    note_names: Literal["letter", "solfege", "number"] = "letter"


class Cognitive(Body):
    """How much at once, and how sure."""

    simple_mode: bool = False
    confirm_destructive: bool = True
    undo_reminder: bool = False


class AccessibilitySettings(Body):
    """Settings of one person; what is left out has the default shown."""

    theme: Literal["system", "dark", "light", "high_contrast"] = "system"
    contrast: Literal["normal", "more"] = "normal"
    font_scale: Annotated[float, Field(ge=0.8, le=2.0)] = 1.0
    dyslexia_font: bool = False
    reduce_motion: Literal["system", "on", "off"] = "system"
    flash_limit: bool = True
    """Nothing flashes more than three times a second."""
    color_vision: Literal["none", "protan", "deutan", "tritan"] = "none"
    screen_reader: ScreenReader = ScreenReader()
    keyboard: Keyboard = Keyboard()
    pointer: Pointer = Pointer()
    audio: Audio = Audio()
    captions: Captions = Captions()
    units: Units = Units()
    cognitive: Cognitive = Cognitive()
