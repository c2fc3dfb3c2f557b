"""The way into Live through our own remote script, as the settings want it."""

from musearoo.app.settings import Settings
from musearoo.live.script.link import ScriptLink, Where
from musearoo.live.script.token import load_or_create_token
from musearoo.ports.ambient import Clock
from musearoo.ports.tasks import Spawn


def script_link(settings: Settings, *, clock: Clock, spawn: Spawn) -> ScriptLink:
    """A link that awaits the script; raises `Unavailable` when the secret is damaged."""
    where = Where(settings.live_script_host, settings.live_script_port)
    return ScriptLink(where, load_or_create_token(settings.data_dir), clock=clock, spawn=spawn)
