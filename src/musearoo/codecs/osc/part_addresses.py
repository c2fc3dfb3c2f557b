"""The addresses of a part: generate it, set its parameters, switch and lock its takes."""

from dataclasses import replace

from musearoo.codecs.osc.addresses import Address, Values
from musearoo.codecs.osc.arguments import Argument, argument_of
from musearoo.codecs.osc.declaring import NEXT_BAR, PRESSED, command, setting
from musearoo.domain.commands import Generate, LaunchClip, Lock, Regenerate, Unlock
from musearoo.domain.engine import EngineDescription, ParameterSpec
from musearoo.domain.permissions import Permission


def for_part(part: str, engine: EngineDescription) -> list[Address]:
    """Every address of a part that this engine plays."""
    return [
        *_generating(part, engine),
        *(_parameter(part, spec) for spec in engine.parameters),
        *_of_takes(part),
    ]


def _generating(part: str, engine: EngineDescription) -> list[Address]:
    known = {spec.name: spec for spec in engine.parameters}
    names: list[str] = [name for name in ("complexity", "style") if name in known]
    arguments = tuple(replace(argument_of(known[name]), optional=True) for name in names)

    def generate(values: Values) -> Generate:
        parameters = {name: values[name] for name in names if name in values}
        return Generate(engine=engine.name, part=part, parameters=parameters)

    generated = f"/musearoo/{part}/generated"
    return [
        command(
            f"/musearoo/generate/{part}", "generate", generate, arguments, family="generate",
            meaning=f"Play a new take of {part}; left-out values are the project's",
            replies=(generated,), default_at=NEXT_BAR,
        ),
        command(
            f"/musearoo/regenerate/{part}", "regenerate", lambda _: Regenerate(part=part),
            (PRESSED,), family="generate", meaning=f"Play all bars of {part} again",
            replies=(generated,), default_at=NEXT_BAR,
        ),
        Address(
            path=generated, family="generate", sent=True,
            meaning=f"A take of {part} is stored and selected",
            arguments=(
                Argument(name="confidence", kind="number", minimum=0, maximum=1),
                Argument(name="generation_time_ms", kind="integer", unit="ms"),
                Argument(name="take_id", kind="text"),
            ),
        ),
    ]  # fmt: skip


def _parameter(part: str, spec: ParameterSpec) -> Address:
    path = f"{part}/{spec.name}"
    return setting(path, argument_of(spec), family="parameter", meaning=spec.meaning)


def _of_takes(part: str) -> list[Address]:
    number = Argument(
        name="number", kind="integer", minimum=1, maximum=9_999,
        meaning="Takes are numbered from 1, the oldest first",
    )  # fmt: skip
    locked = Argument(name="locked", kind="boolean", meaning="Whether all bars are locked")
    return [
        Address(
            path=f"/musearoo/take/{part}", family="take", arguments=(number,),
            meaning=f"Switch {part} to one of its takes by number",
            permission=Permission.EDIT, command="select_take", takes_at=True,
            default_at=NEXT_BAR, replies=(f"/musearoo/{part}/take",),
        ),
        command(
            f"/musearoo/clip/launch/{part}", "launch_clip", lambda _: LaunchClip(part=part),
            (PRESSED,), family="take", meaning=f"Launch the take that {part} keeps, as a clip",
            default_at=NEXT_BAR, replies=(f"/musearoo/{part}/launched",),
        ),
        command(
            f"/musearoo/lock/{part}", "lock",
            lambda values: Lock(part=part) if values["locked"] else Unlock(part=part),
            (locked,), family="take", meaning=f"Keep {part} from being generated over (1), or not",
        ),
        Address(
            path=f"/musearoo/{part}/take", family="take", sent=True,
            meaning=f"The take that {part} plays; empty for none",
            arguments=(Argument(name="take_id", kind="text"),),
        ),
        Address(
            path=f"/musearoo/{part}/launched", family="take", sent=True,
            meaning=f"The clip of {part} was launched",
            arguments=(Argument(name="take_id", kind="text"),),
        ),
    ]  # fmt: skip
