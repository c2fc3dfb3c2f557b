"""What a client's message asks of the conductor: the same acts that every door submits."""

from typing import Final

import msgspec

from musearoo.codecs.ws.incoming import (
    CommandMessage,
    GenerationRequest,
    Incoming,
    ParameterChange,
)
from musearoo.codecs.ws.refusal import FrameFault, FrameRefused
from musearoo.codecs.ws.text import UNREADABLE
from musearoo.domain.commands import COMMANDS, Act, At, Generate, SetParameter
from musearoo.domain.errors import InvalidValue
from musearoo.domain.ids import AnalysisId, AssetId

_ARGS: Final = {name: msgspec.json.Decoder(rule.act) for name, rule in COMMANDS.items()}


def acts_of(message: Incoming) -> tuple[Act, ...]:
    """The acts of a parameter change (one for each path), generation request or command.

    Empty for what is no act of the session. Raises `FrameRefused` for a command that is not
    on the list or arguments that do not fit it.
    """
    match message:
        case ParameterChange():
            return _parameters(message)
        case GenerationRequest():
            return (_generate(message),)
        case CommandMessage():
            return (_command(message),)
        case _:
            return ()


def moment_of(at: str | None) -> At | None:
    """When a message takes effect; None leaves it to the act's own default."""
    return None if at is None else At.parse(at)


def _parameters(message: ParameterChange) -> tuple[Act, ...]:
    data = message.data
    if data.path is not None and data.value is not None:
        return (SetParameter(path=data.path, value=data.value, gesture=data.gesture),)
    several = data.parameters or {}
    return tuple(
        SetParameter(path=path, value=value, gesture=data.gesture)
        for path, value in several.items()
    )


def _generate(message: GenerationRequest) -> Generate:
    data, context = message.data, message.data.audio_context
    asset = context.asset_id if context is not None else None
    stream = context.stream if context is not None else None
    analysis = context.analysis_id if context is not None else None
    return Generate(
        engine=data.engine,
        parameters=data.parameters,
        part=data.part,
        bars=data.bars,
        seed=data.seed,
        style_hints=data.style_hints,
        quality_target=data.quality_target,
        reference_asset=AssetId(asset) if asset is not None else None,
        analysis_id=AnalysisId(analysis) if analysis is not None else None,
        stream=stream,
        draft=data.draft,
    )


def _command(message: CommandMessage) -> Act:
    name = message.data.name
    decoder = _ARGS.get(name)
    if decoder is None:
        known = InvalidValue("name", name, "one of " + ", ".join(COMMANDS))
        raise FrameRefused(FrameFault.INVALID, known.detail, message.message_id)
    try:
        return decoder.decode(message.data.args)
    except UNREADABLE as error:
        detail = f"args of {name}: {error}."
        raise FrameRefused(FrameFault.INVALID, detail, message.message_id) from None
