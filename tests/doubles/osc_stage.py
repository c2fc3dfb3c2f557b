"""The OSC door over a house, with devices that send and hear in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field

from musearoo.codecs.osc import Bundle, Message, decode, encode
from musearoo.codecs.osc.values import Argument
from musearoo.domain.events import Event
from musearoo.domain.ids import ProjectId, SessionId
from musearoo.domain.permissions import Actor, Permission
from musearoo.ports.osc import Source
from musearoo.protocols.osc.door import Door
from musearoo.protocols.osc.options import OscOptions
from tests import waiting
from tests.doubles.house import ORIGIN, House


def heard_from(messages: list[Message], address: str) -> list[tuple[Argument, ...]]:
    """The arguments of every message at an address."""
    return [each.arguments for each in messages if each.address == address]


@dataclass
class Device:
    """Something that sends from a port and listens at one."""

    stage: "Stage"
    source: Source
    listens: Source
    heard: list[Message] = field(default_factory=list)
    octets: int = 0

    def send(self, address: str, *arguments: Argument) -> int:
        """Send one message; answers how many bytes it took."""
        return self.stage.arrive(self.source, encode(Message(address, arguments)))

    def bundle(self, *messages: Message) -> None:
        """Send messages that belong together."""
        self.stage.arrive(self.source, encode(Bundle(1, messages)))

    def at(self, address: str) -> list[tuple[Argument, ...]]:
        """What came at an address."""
        return heard_from(self.heard, address)

    async def hears(self, address: str, number: int = 1) -> tuple[Argument, ...]:
        """The arguments of the message at an address, once so many have come."""
        await waiting.until(lambda: len(self.at(address)) >= number, lambda: f"{address} at {self}")
        return self.at(address)[number - 1]

    def __str__(self) -> str:
        return f"{self.source.host}:{self.source.port} which heard {self.heard[-5:]}"


class Stage:
    """Devices around one door."""

    def __init__(self, place: House, options: OscOptions | None = None) -> None:
        self.place = place
        self.door = Door(place.conductor, options)
        self.sent: list[tuple[Source, Message]] = []
        self.closed: list[Source] = []
        self._devices: dict[Source, Device] = {}
        self.door.start(self._carry, self.closed.append, ("127.0.0.1", 8765))

    def device(
        self, host: str = "192.0.2.7", port: int = 9001, listens: int | None = None
    ) -> Device:
        """A device on the network; on loopback with a host of 127.0.0.1."""
        source = Source("udp", host, port)
        device = Device(self, source, Source("udp", host, listens or port))
        self._devices[device.listens] = device
        return device

    def adopt(self, device: Device) -> None:
        """Carry to a device whose sockets were made by hand."""
        self._devices[device.listens] = device

    def arrive(self, source: Source, packet: bytes) -> int:
        """Take a packet as the transport does."""
        if self.door.admit(source, packet):
            read = decode(packet)
            messages = (read,) if isinstance(read, Message) else _flat(read)
            self.door.receive(source, messages)
        return len(packet)

    async def paired(
        self, actor: Actor, project: ProjectId, device: Device | None = None
    ) -> Device:
        """A device that acts as somebody in a session."""
        device = device or self.device()
        code, _ = await self.place.conductor.pairings.code(actor, SessionId(project), origin=ORIGIN)
        device.send("/musearoo/pair", code, device.listens.port)
        await device.hears("/musearoo/pair")
        return device

    async def events(self, actor: Actor, project: ProjectId) -> list[Event]:
        """What has happened in a session, as somebody may see it."""
        conductor = self.place.conductor
        access = await conductor.gate.access(actor, project, Permission.VIEW, ORIGIN)
        _, events = await conductor.sessions.events(access, epoch=None, after=0, limit=500)
        return [each.event for each in events]

    async def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait for something to come true."""
        await waiting.until(true, what)

    @property
    def is_idle(self) -> bool:
        """Whether everything that was sent has been carried out."""
        return not any(e.lane or e.working or e.moving or e.late for e in self.door.peers)

    async def done(self) -> None:
        """Wait until everything that was sent has been carried out."""
        await self.until(lambda: self.is_idle, "the end of all work")

    async def quiet(self, seconds: float = 0.15) -> None:
        """Let the door do what it does by itself for so long on its clock: feedback leaves."""
        await self.door.clock.sleep(seconds)

    def _carry(self, source: Source, packet: bytes) -> bool:
        message = decode(packet)
        assert isinstance(message, Message)
        self.sent.append((source, message))
        device = self._devices.get(source)
        if device is not None:
            device.heard.append(message)
            device.octets += len(packet)
        return True


def _flat(bundle: Bundle) -> tuple[Message, ...]:
    found: list[Message] = []
    for element in bundle.elements:
        found += [element] if isinstance(element, Message) else _flat(element)
    return tuple(found)
