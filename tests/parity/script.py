"""A session in which every command of the list occurs: done, refused, repeated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Memory = dict[str, Mapping[str, Any]]
"""The acknowledgements so far, by the id of their command; `given` are things made before."""
Args = Callable[[Memory], dict[str, Any]]


@dataclass(frozen=True)
class Step:
    """One command. `refused` is the code with which it must be refused."""

    name: str
    args: Args
    at: str | None = None
    refused: str | None = None


def _(name: str, at: str | None = None, refused: str | None = None, **args: Any) -> Step:
    return Step(name, lambda _memory: args, at, refused)


def using(name: str, args: Args, at: str | None = None) -> Step:
    """A step whose arguments name what earlier steps made."""
    return Step(name, args, at)


def _note(start: int) -> dict[str, Any]:
    return {"id": f"n{start}", "pitch": 38, "velocity": 90, "start": start, "length": 240}


@dataclass
class Script:
    """Steps in order; their ids are their numbers."""

    steps: list[Step] = field(default_factory=list)

    def of(self, name: str) -> list[Step]:
        """Every step that sends one command."""
        return [step for step in self.steps if step.name == name]


SCRIPT = Script(
    [
        _("set_parameter", path="drums/complexity", value=0.7),
        _("set_parameter", path="drums/complexity", value=0.8, gesture="drag"),
        _("set_parameter", path="drums/complexity", value=0.9, gesture="drag"),
        _("set_parameter", path="session/tempo", value=133),
        _("set_parameter", path="session/key", value="D minor"),
        _("set_parameter", path="session/style", value="funk"),
        _("set_parameter", path="drums/complexity", value="loud", refused="invalid-value"),
        _("set_parameter", path="nobody/nothing", value=1, refused="invalid-value"),
        _("set_parameter", path="drums/complexity", value=None, refused="invalid-value"),
        _("undo"),
        _("undo"),
        _("redo"),
        _("set_form", bars=4, sections=[{"first_bar": 0, "bars": 2, "label": "verse"}]),
        _("set_form", bars=0, refused="invalid-value"),
        _("set_chords", chords=[{"start": 0, "length": 3840, "chord": "A:min"}]),
        _(
            "set_chords",
            chords=[{"start": 0, "length": 0, "chord": "A:min"}],
            refused="invalid-value",
        ),
        _("transport", action="play"),
        _("transport", action="loop", bar=2, loop_bars=2),
        _("transport", action="locate", bar=3, beat=1.5),
        _("transport", action="dance", refused="invalid-value"),
        _("generate", engine="drummaroo", bars=2, seed=5),
        _("generate", engine="drummaroo", bars=2, seed=6, at="next_bar", parameters={"fills": 0.9}),
        _("generate", engine="bassaroo", bars=2, seed=6, at="bar 3"),
        _("generate", engine="nobody", refused="invalid-value"),
        using("select_take", lambda memory: {"part": "drums", "take_id": memory["20"]["take_id"]}),
        using(
            "select_take",
            lambda memory: {"part": "drums", "take_id": memory["21"]["take_id"]},
            at="next_bar",
        ),
        using("commit_take", lambda memory: {"part": "drums", "take_id": memory["20"]["take_id"]}),
        _("commit_take", part="drums", take_id="nothing", refused="not-found"),
        _("lock", part="drums", bars=[1]),
        _("lock", part="drums", bars=[0], refused="invalid-value"),
        _("regenerate", part="drums", bars=[2], seed=9, at="now"),
        _("regenerate", part="melody", bars=[1], refused="conflict"),
        _("unlock", part="drums"),
        _("edit_notes", part="drums", put=[_note(0), _note(480)]),
        _("edit_notes", part="drums", remove=["nothing"], refused="invalid-value"),
        _("generate", engine="drummaroo", bars=2, seed=7, quality_target="quality"),
        using("cancel_generation", lambda memory: {"generation_id": memory["35"]["generation_id"]}),
        _("cancel_generation", generation_id="nothing", refused="not-found"),
        using("adopt_analysis", lambda memory: {"analysis_id": memory["given"]["analysis"]}),
        _("adopt_analysis", analysis_id="nothing", refused="not-found"),
        _("undo"),
        _("transport", action="panic"),
        _("transport", action="stop"),
        _("set_clock_source", source="session"),
        _("set_clock_source", source="live", refused="unavailable"),
        _("map_control", channel=1, number=74, path="drums/complexity"),
        _("map_control", channel=1, number=74, path="bass/push", minimum=10, maximum=-10),
        _("map_control", channel=17, number=74, path="drums/complexity", refused="invalid-value"),
        _("map_control", channel=1, number=7, path="drums/noise", refused="invalid-value"),
        _("undo"),
        _("unmap_control", channel=1, number=74),
        _("unmap_control", channel=1, number=128, refused="invalid-value"),
        _("learn_control", path="drums/fills"),
        _("learn_control", path="session/key", refused="invalid-value"),
        _("launch_clip", part="drums"),
        _("launch_clip", part="drums", at="bar 3"),
        _("launch_clip", part="nobody", refused="invalid-value"),
    ]
)
