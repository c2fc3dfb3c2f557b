"""The way into Live through our own remote script, as the settings want it."""

import structlog

from musearoo.app.settings import Settings, is_loopback
from musearoo.live.script.link import ScriptLink, Where
from musearoo.live.script.token import load_or_create_token
from musearoo.ports.ambient import Clock
from musearoo.ports.tasks import Spawn

log = structlog.get_logger(__name__)


def script_link(settings: Settings, *, clock: Clock, spawn: Spawn) -> ScriptLink:
    """A link that awaits the script; raises `Unavailable` when the secret is damaged."""
    host = settings.live_script_host
    if not is_loopback(host):
        log.warning("live.reachable", host=host, note="What passes is not encrypted.")
    where = Where(host, settings.live_script_port)
    return ScriptLink(where, load_or_create_token(settings.data_dir), clock=clock, spawn=spawn)
