"""Structured logs: readable on a terminal, JSON lines elsewhere."""

import logging
import sys
from typing import Any

import structlog

from musearoo.app.settings import Settings


def quiet_logging() -> None:
    """Only warnings and worse, as commands that answer on the terminal want it."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def configure_logging(settings: Settings) -> None:
    """Send every log of the process to stderr in one form."""
    level = getattr(logging, settings.log_level.upper())
    readable = settings.log_format == "console" or (
        settings.log_format == "auto" and sys.stderr.isatty()
    )
    renderer: Any = structlog.processors.JSONRenderer()
    if readable:
        # Rich tracebacks print local variables, and with them tokens and passwords.
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = [] if readable else [structlog.processors.format_exc_info]
    structlog.configure(
        processors=[*shared, *last, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s %(message)s")
