"""Everything the conductor works with, handed over by the composition root."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from musearoo.domain.permissions import Tier
from musearoo.ports.ambient import Clock, Ids, Mailer, Random
from musearoo.ports.leading import Leader
from musearoo.ports.live import Bus
from musearoo.ports.security import (
    Limiter,
    Pacing,
    Passwords,
    RefreshChains,
    Threats,
    Tickets,
    Tokens,
)
from musearoo.ports.store import Blobs, Store
from musearoo.ports.tasks import Spawn
from musearoo.ports.voice import Ears, Recogniser, Understanding
from musearoo.ports.work import Analyzer, EnginePool, Exporter, Jobs, Renderer

MEGABYTE = 1 << 20
GIGABYTE = 1 << 30


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a tier may upload: bytes and seconds a file, bytes and files in all."""

    file_bytes: int
    seconds: float
    total_bytes: int
    files: int


ALLOWANCES: Mapping[Tier, Allowance] = {
    Tier.FREE: Allowance(25 * MEGABYTE, 600, GIGABYTE, 200),
    Tier.PRO: Allowance(100 * MEGABYTE, 1800, 10 * GIGABYTE, 2000),
    Tier.STUDIO: Allowance(500 * MEGABYTE, 1800, 100 * GIGABYTE, 20000),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that change what the conductor decides. Durations are seconds."""

    public_url: str = ""
    assets_url: str = ""  # where a content network serves our assets; empty for public_url
    local_mode: bool = False
    quotas: bool = True
    realtime_budget: float = 0.150
    generate_wait: float = 5.0
    analyze_wait: float = 10.0
    journal_delay: float = 0.050
    allowances: Mapping[Tier, Allowance] = field(default_factory=lambda: ALLOWANCES)


@dataclass(frozen=True, slots=True)
class World:
    """The ports, by the names of `musearoo.ports`."""

    clock: Clock
    ids: Ids
    random: Random
    mailer: Mailer
    spawn: Spawn
    store: Store
    blobs: Blobs
    bus: Bus
    jobs: Jobs
    engines: EnginePool
    analyzer: Analyzer
    renderer: Renderer
    exporters: Mapping[str, Exporter]
    limiter: Limiter
    pacing: Pacing
    passwords: Passwords
    tokens: Tokens
    chains: RefreshChains
    tickets: Tickets
    threats: Threats
    rules: Rules = Rules()
    lag: Callable[[], float] = lambda: 0.0  # seconds that the loop is late each turn
    understanding: Understanding | None = None
    recogniser: Recogniser | None = None
    ears: Ears | None = None
    leaders: dict[str, Leader] = field(default_factory=dict)  # clock sources by name
