"""Every setting of the program, from `MUSEAROO_*` variables, `.env` and the command line."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Names = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """Settings with their defaults. Lists are separated by commas; secrets are masked."""

    model_config = SettingsConfigDict(
        env_prefix="MUSEAROO_", env_file=".env", extra="ignore", frozen=True
    )

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    osc_host: str = "127.0.0.1"
    osc_port: int = Field(8765, ge=0, le=65535)
    mdns: bool = False
    live: Literal["off", "abletonosc", "script"] = "off"
    link: bool = False
    live_host: str = "127.0.0.1"
    live_port: int = Field(11000, ge=1, le=65535)
    live_reply_port: int = Field(11001, ge=0, le=65535)
    live_tracks: Names = ()
    live_user: str = ""
    live_script_host: str = "127.0.0.1"
    live_script_port: int = Field(11002, ge=0, le=65535)
    data_dir: Path = Field(default_factory=lambda: user_data_path("musearoo", appauthor=False))
    database_url: SecretStr | None = None
    public_url: str = ""
    allowed_hosts: Names = ()
    trusted_proxies: Names = ()
    cors_origins: Names = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    billing: bool = False
    workers: int | None = Field(None, ge=1, le=64)
    realtime_budget_ms: float = Field(150.0, ge=10, le=5000)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "console", "json"] = "auto"
    smtp_host: str = ""
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: SecretStr | None = None
    mail_from: str = ""

    @field_validator(
        "allowed_hosts", "trusted_proxies", "cors_origins", "live_tracks", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("live_tracks")
    @classmethod
    def _named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pair in value:
            if not all(name.strip() for name in pair.partition("=")):
                raise ValueError(f'"{pair}" is not part=track, such as drums=Drum Rack')
        return value

    @property
    def track_names(self) -> dict[str, str]:
        """The tracks of Live by part, where they are not called like the part."""
        pairs = (pair.partition("=") for pair in self.live_tracks)
        return {part.strip(): track.strip() for part, _, track in pairs}

    @property
    def local_mode(self) -> bool:
        """Whether only this machine can reach the server: loopback everywhere and no proxy."""
        hosts_are_local = is_loopback(self.host) and is_loopback(self.osc_host)
        return hosts_are_local and not self.trusted_proxies and not self.public_url

    @property
    def hosts(self) -> tuple[str, ...]:
        """Values of the Host header that are answered; others get 421."""
        own = ("127.0.0.1", "localhost", "[::1]") if self.local_mode else ()
        public = self.public_url.partition("://")[2].partition("/")[0]
        return tuple(name for name in (*own, *self.allowed_hosts, public) if name) or (self.host,)


def is_loopback(host: str) -> bool:
    """Whether a bound host is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
