"""Whether this machine carries multicast to itself, as mDNS needs: some containers forbid it."""

import socket
from contextlib import closing

GROUP = "224.0.0.251"


def works(interface: str = "127.0.0.1") -> bool:
    """Send a datagram to the group of mDNS on this interface, and look whether it comes."""
    with (
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as ear,
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as mouth,
    ):
        member = socket.inet_aton(GROUP) + socket.inet_aton(interface)
        try:
            ear.bind(("", 0))
            ear.settimeout(5)
            ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            out = socket.inet_aton(interface)
            mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, out)
            mouth.sendto(b"?", (GROUP, ear.getsockname()[1]))
            return ear.recv(1) == b"?"
        except OSError:
            return False
