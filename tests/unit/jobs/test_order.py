"""One order: what it delivers, when it is late, who hears of its end."""

import pytest

from musearoo.domain.engine import Bar
from musearoo.domain.errors import Unavailable
from musearoo.jobs import frames
from musearoo.jobs.order import Order

WARM = frames.WarmTask("x")


class TestDelivery:
    async def test_bars_of_a_second_attempt_are_not_delivered_twice(self) -> None:
        heard: list[int] = []
        order = Order(WARM, patience=1.0, on_bar=lambda bar: heard.append(bar.index))
        for index in (0, 1, 0, 1, 2):
            order.hear(Bar(index, ()))
        assert [0, 1, 2] == heard

    async def test_half_a_file_is_forgotten(self) -> None:
        order = Order(WARM, patience=1.0)
        order.content.append(b"half")
        order.restart()
        assert [] == order.content

    async def test_nothing_is_delivered_after_the_end(self) -> None:
        heard: list[object] = []
        order = Order(WARM, patience=1.0, on_bar=heard.append, on_progress=heard.append)
        order.refuse(Unavailable("gone"))
        order.hear(Bar(0, ()))
        order.progress(0.5)
        order.settle(frames.Warmed())
        assert [] == heard
        with pytest.raises(Unavailable):
            await order.answer

    async def test_hint_fails_unheard(self) -> None:
        order = Order(WARM, patience=1.0, hint=True)
        order.refuse(Unavailable("gone"))
        assert order.answer.cancelled()


class TestTime:
    async def test_late_is_what_has_not_begun_in_time(self) -> None:
        order = Order(WARM, patience=1.0, drop_after=5.0)
        assert not order.is_late(5.0)
        assert order.is_late(5.1)
        order.attempts = 1
        assert not order.is_late(5.1)

    async def test_without_a_limit_nothing_is_late(self) -> None:
        assert not Order(WARM, patience=1.0).is_late(1e12)

    async def test_one_retry_and_no_more(self) -> None:
        order = Order(WARM, patience=1.0)
        order.attempts = 1
        assert order.may_retry()
        order.attempts = 2
        assert not order.may_retry()
