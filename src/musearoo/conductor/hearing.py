"""What a generation listens to: the session, an analysed recording, or somebody who plays now."""

from typing import Final

import msgspec

from musearoo.conductor.analyses import Analyses
from musearoo.conductor.sessions import Deed
from musearoo.conductor.stream import Stream
from musearoo.conductor.streams import Streams
from musearoo.domain.commands import Generate
from musearoo.domain.context import Groove
from musearoo.domain.errors import Conflict, InvalidValue, NotFound
from musearoo.domain.events import ContextAdopted
from musearoo.domain.ids import SessionId
from musearoo.domain.music.tempo_map import MAXIMUM_BPM, MINIMUM_BPM, TempoMap
from musearoo.domain.music.ticks import TICKS_PER_QUARTER
from musearoo.domain.session.state import SessionState
from musearoo.ports.voice import Pulse

_SURE: Final = 0.3


class Hearing:
    """Finds the music that a generation goes with."""

    def __init__(self, analyses: Analyses, streams: Streams) -> None:
        self._analyses = analyses
        self._streams = streams

    async def music(
        self, deed: Deed, act: Generate, state: SessionState
    ) -> SessionState | ContextAdopted:
        """The context of a generation; raises `NotFound` and `Conflict` where nothing was heard."""
        named = (act.analysis_id, act.reference_asset, act.stream)
        if sum(each is not None for each in named) > 1:
            raise InvalidValue("stream", act.stream, "given without an asset or an analysis")
        if act.stream is not None:
            return await self._of_stream(deed, act.stream, state)
        if act.analysis_id is None and act.reference_asset is None:
            return state
        return await self._analyses.heard(
            deed.access, analysis=act.analysis_id, asset=act.reference_asset
        )

    async def _of_stream(
        self, deed: Deed, number: int, state: SessionState
    ) -> SessionState | ContextAdopted:
        session = SessionId(deed.access.project)
        stream = self._streams.find(session, number)
        if stream is not None:
            return _played(state, stream)
        ended = self._streams.outcome(session, number)
        if ended is None:
            raise NotFound("audio stream")
        if ended.analysis_id is None:
            raise Conflict("This stream left no recording to listen to; name another.")
        return await self._analyses.heard(deed.access, analysis=ended.analysis_id, asset=None)


def _played(state: SessionState, stream: Stream) -> SessionState:
    """The session's music as somebody plays it now: their tempo, loudness and accents."""
    if stream.form.container is not None:
        raise Conflict("Opus and FLAC are listened to when they have ended; stream PCM instead.")
    pulse = stream.pulse
    if pulse is None:
        raise Conflict("Nothing was heard of this stream yet; ask again when somebody has played.")
    energy = (round(1000 * pulse.energy),)
    accents = stream.ear.accents() if stream.ear is not None else ()
    if not _is_sure(pulse) or not accents:
        return msgspec.structs.replace(state, energy=energy)
    return msgspec.structs.replace(
        state, tempo_map=_tempo(pulse), groove=_groove(state, accents), energy=energy
    )


def _is_sure(pulse: Pulse) -> bool:
    return pulse.tempo is not None and pulse.confidence >= _SURE


def _tempo(pulse: Pulse) -> TempoMap:
    return TempoMap.constant(min(MAXIMUM_BPM, max(MINIMUM_BPM, round(pulse.tempo or 0.0, 1))))


def _groove(state: SessionState, accents: tuple[int, ...]) -> Groove:
    """The accents of one beat on every beat of the bar: where the bar begins is not heard."""
    beats = max(1, state.meter.bar_ticks // TICKS_PER_QUARTER)
    bar = accents * beats
    return Groove(steps_per_bar=len(bar), accents=(bar,), swing=state.groove.swing)
