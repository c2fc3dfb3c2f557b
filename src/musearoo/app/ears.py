"""Followers of live sound, in the server's own process."""

import asyncio
import os
from importlib import import_module
from typing import Any

from musearoo.jobs.setup import ONE_THREAD
from musearoo.ports.voice import Ear


async def ear(codec: str, rate: int, channels: int, near: float | None) -> Ear:
    """A follower; NumPy is loaded with the first, in a thread, because that takes 0.2 s."""
    brain = await asyncio.to_thread(_loaded)
    follower: Ear = brain.Follower(codec, rate, channels, near)
    return follower


def _loaded() -> Any:
    """The brain, without the threads of a linear algebra library.

    For arrays of this size they do nothing but wait in a loop, each with a core of its own.
    """
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    return import_module("musearoo.brain.follower")
