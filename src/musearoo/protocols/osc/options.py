"""What the composition root tells the door, and its limits."""

from dataclasses import dataclass
from typing import Final

MESSAGES_PER_SECOND: Final = 1_000.0
BURST: Final = 200
UNPAIRED_PER_SECOND: Final = 5.0
UNPAIRED_IN_ALL_PER_SECOND: Final = 50.0
FLUSH_SECONDS: Final = 0.005
"""How long the values of a moving control are collected; the latest of each address counts."""

SLOWEST_FLUSH_SECONDS: Final = 0.020
FEEDBACK_SECONDS: Final = 0.010
FEEDBACK_PER_SECOND: Final = 10_000.0
"""Messages to all peers together; with more to tell, each value is told less often."""

SETTLED_SECONDS: Final = 0.100
"""Time after which a control that a peer moved itself is confirmed to it."""

GESTURE_SECONDS: Final = 0.5
"""Values of one control that follow within this time are one movement, undone as one."""

REPLY_BYTES_PER_SECOND: Final = 65_536.0
ERRORS_PER_SECOND: Final = 10.0
LATE_ADDRESSES: Final = 128
LANE: Final = 256
MAXIMUM_MATCHES: Final = 64
PATTERN_COST: Final = 10.0
"""Messages that one address pattern counts as: it is compared with every address."""

LOCAL_PEERS: Final = 64
LOCAL_SECONDS: Final = 30.0
"""Time after its last message that a source on this machine still gets feedback."""

GREETED_SECONDS: Final = 3_600.0
"""The same for one that said `/musearoo/hello`."""

SWEEP_SECONDS: Final = 1.0
RECENT: Final = 50


@dataclass(frozen=True, slots=True)
class OscOptions:
    """Settings of the door. In local mode loopback sources act for the local owner."""

    local_mode: bool = False
    messages_per_second: float = MESSAGES_PER_SECOND
    burst: int = BURST
