"""Failures in workers become the errors they were."""

import runpy

import pytest
from structlog.testing import capture_logs

from musearoo.codecs.osc import OscRefused
from musearoo.domain.errors import (
    Conflict,
    InvalidValue,
    MuseArooError,
    NotFound,
    PayloadTooLarge,
    QuotaExceeded,
    ReducedCapacity,
    Unavailable,
    UnsupportedAudio,
)
from musearoo.jobs import faults, frames
from musearoo.jobs.faults import rebuilt

ERRORS = [
    InvalidValue("tempo", 0, "20 to 400"),
    NotFound("take"),
    Conflict("no"),
    UnsupportedAudio("noise"),
    PayloadTooLarge("long"),
    QuotaExceeded(("hour",), 5.0),
    ReducedCapacity("later", retry_after=2.0),
    Unavailable("down"),
]


def sent(error: MuseArooError) -> frames.Failed:
    return frames.Failed(
        1, str(error.code), error.detail, error.retry_after, getattr(error, "field", None)
    )


class TestRebuilt:
    @pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
    def test_refusal_keeps_type_words_and_time(self, error: MuseArooError) -> None:
        again = rebuilt(sent(error))
        assert type(error) is type(again)
        assert (error.detail, error.retry_after, str(error.code)) == (
            again.detail,
            again.retry_after,
            str(again.code),
        )

    def test_field_is_kept(self) -> None:
        error = rebuilt(sent(ERRORS[0]))
        assert isinstance(error, InvalidValue)
        assert "tempo" == error.field

    def test_what_a_codec_refuses_is_no_error_of_a_worker(self) -> None:
        """A codec's own error has a code of the domain's; which was loaded first must not tell."""
        assert OscRefused.code == InvalidValue.code
        anew = runpy.run_path(faults.__file__)["rebuilt"]
        assert type(anew(sent(ERRORS[0]))) is InvalidValue

    def test_accident_is_told_by_a_correlation_alone(self) -> None:
        with capture_logs() as logs:
            error = rebuilt(frames.Failed(1, frames.CRASHED, "KeyError", traceback="KeyError: 'x'"))
        assert isinstance(error, Unavailable)
        assert "KeyError" not in error.detail
        assert logs[0]["correlation"] in error.detail
        assert "KeyError: 'x'" == logs[0]["traceback"]

    def test_lack_of_memory_is_too_large_a_task(self) -> None:
        assert isinstance(rebuilt(frames.Failed(1, frames.OUT_OF_MEMORY, "")), PayloadTooLarge)

    def test_made_up_code_is_an_accident(self) -> None:
        assert isinstance(rebuilt(frames.Failed(1, "internal", "x")), Unavailable)
