"""Our own lint rules find what they forbid and leave alone what they allow."""

import ast
from pathlib import Path

import pytest

from tools.lint import ambient, events, size, spawning
from tools.lint.source import Module, Rule


def lines(rule: Rule, text: str, name: str = "conductor.generation") -> list[int]:
    module = Module(Path("module.py"), name, text, ast.parse(text))
    return [finding.line for finding in rule(module)]


class TestSpawning:
    @pytest.mark.parametrize(
        "text",
        [
            "import asyncio\nasyncio.create_task(work())",
            "from asyncio import create_task as go\ngo(work())",
            "import asyncio as aio\naio.ensure_future(work())",
            "import asyncio\nasyncio.get_running_loop().create_task(work())",
            "class A:\n    def f(self): self._loop.create_task(work())",
        ],
    )
    def test_started_task_is_found(self, text: str) -> None:
        assert lines(spawning.check, text) == [2]

    @pytest.mark.parametrize(
        "text",
        ["spawn(work(), name='a.b')", "async def f(group):\n    group.create_task(work())"],
    )
    def test_injected_spawner_and_task_group_pass(self, text: str) -> None:
        assert lines(spawning.check, text) == []

    def test_the_one_place_passes(self) -> None:
        assert lines(spawning.check, "import asyncio\nasyncio.create_task(w())", "app.tasks") == []


class TestAmbient:
    @pytest.mark.parametrize(
        "text",
        [
            "import time\nnow = time.time()",
            "import datetime as d\nnow = d.datetime.now(d.UTC)",
            "from datetime import datetime\nnow = datetime.now()",
            "import uuid\nnew = uuid.uuid4()",
        ],
    )
    def test_ambient_call_is_found_where_it_stands(self, text: str) -> None:
        assert lines(ambient.check, text) == [2]

    @pytest.mark.parametrize(
        "text", ["import random", "from secrets import token_hex", "from time import monotonic"]
    )
    def test_ambient_import_is_found(self, text: str) -> None:
        assert lines(ambient.check, text) == [1]

    def test_adapters_may_look_at_the_clock(self) -> None:
        assert lines(ambient.check, "import time\ntime.time()", "storage.writer") == []

    def test_a_package_is_not_mistaken_for_its_prefix(self) -> None:
        assert lines(ambient.check, "import random", "domainless") == []

    def test_pure_parts_of_the_same_modules_pass(self) -> None:
        assert (
            lines(ambient.check, "from datetime import UTC, timedelta\nfrom uuid import UUID") == []
        )


class TestSize:
    def test_long_module_is_found(self) -> None:
        assert lines(size.check, "x = 1\n" * 401) == [401]

    def test_module_at_the_limit_passes(self) -> None:
        assert lines(size.check, "x = 1\n" * 400) == []


class TestEvents:
    @pytest.mark.parametrize(
        "text", ["log.info(f'made {x}')", "self._log.error(name)", "logger.warning('It broke')"]
    )
    def test_varying_event_is_found(self, text: str) -> None:
        assert lines(events.check, text) == [1]

    def test_constant_event_with_fields_passes(self) -> None:
        assert lines(events.check, "log.info('generation.completed', take=take)") == []
