"""Clocks outside that a session can follow: Ableton Live, and Ableton Link."""

from typing import Literal, Protocol

import msgspec

from musearoo.domain.events import Sequenced
from musearoo.domain.ids import SessionId, UserId
from musearoo.ports.hub import LiveHub


class Leader(Protocol):
    """Keeps tempo and transport for the sessions that chose it as their clock source.

    What others want is asked of it, and becomes an event of the session when it reports it.
    Requests answer that event, or None where the value was in force already; they raise
    `Unavailable` when the leader does not do it.
    """

    def leads(self, session: SessionId) -> bool:
        """Whether it is there, and bound to this session."""
        ...

    async def set_tempo(
        self, session: SessionId, bpm: float, *, user: UserId, cause: str | None
    ) -> Sequenced | None:
        """Ask for a tempo in quarter notes a minute."""
        ...

    async def set_transport(
        self,
        session: SessionId,
        *,
        playing: bool | None,
        beat: float | None,
        user: UserId,
        cause: str | None,
    ) -> Sequenced | None:
        """Ask to play or stop, to go to `beat` (quarter notes from the start), or both."""
        ...


class LiveStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands with Ableton Live.

    `way` is how it is reached ("AbletonOSC", "MuseAroo script"), empty where the bridge is off.
    `presence` is "here", "busy" (it is silent for some seconds) or "gone". `failure` says which
    take is not in Live, and why.
    """

    way: str = ""
    presence: Literal["here", "busy", "gone"] = "gone"
    version: str = ""
    session_id: SessionId | None = None
    tempo: float | None = None
    playing: bool | None = None
    tracks: tuple[str, ...] = ()
    failure: str | None = None


class LiveDoor(Leader, Protocol):
    """The bridge to one Ableton Live."""

    @property
    def hub(self) -> LiveHub | None:
        """Live for other OSC devices; None where it is not reached by OSC."""
        ...

    def status(self) -> LiveStatus: ...
