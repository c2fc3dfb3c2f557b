"""Signs of an attack are scored by their source; a rising level is written down with reasons."""

from musearoo.conductor.world import World
from musearoo.domain.audit import audit_entry
from musearoo.domain.origin import Origin
from musearoo.ports.security import Signal


class Watch:
    """Notes signals. In monitor mode, the default, nothing is refused because of a score."""

    def __init__(self, world: World) -> None:
        self._world = world

    def note(self, signal: Signal, origin: Origin, *, subject: str = "", about: str = "") -> None:
        """Count what was seen of a subject, or of the network it came from."""
        who = subject or origin.source
        change = self._world.threats.note(who, signal, self._world.clock.monotonic(), about=about)
        if change is None:
            return
        line = audit_entry(
            origin,
            None,
            "threat.level",
            who,
            at=self._world.clock.now(),
            detail=f"{change.level.name} {', '.join(change.reasons)}",
        )
        self._world.spawn(
            self._world.store.write(lambda tx: tx.audit.append(line)), name="threat.audit"
        )
