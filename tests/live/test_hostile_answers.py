"""Whatever is said in Live's place, the link goes on."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from musearoo.app.tasks import Tasks
from musearoo.codecs.osc import Bundle, Double, Message, encode
from musearoo.live.abletonosc import AbletonOscLink
from musearoo.live.wire import Address
from musearoo.security.ambient import SystemClock

ADDRESSES = (
    "/live/song/get/tempo", "/live/song/get/signature_numerator", "/live/song/get/root_note",
    "/live/song/get/scale_name", "/live/song/get/is_playing", "/live/song/get/beat",
    "/live/song/get/current_song_time", "/live/song/get/track_names",
    "/live/song/get/scenes/name", "/live/track/get/has_midi_input",
    "/live/track/get/clips/name", "/live/track/get/playing_slot_index",
    "/live/application/get/version", "/live/clip/get/notes", "/live/startup", "/live/error",
)  # fmt: skip
VALUES = st.one_of(
    st.integers(-(2**31), 2**31 - 1),
    st.floats(width=32),
    st.floats().map(Double),
    st.text("aé\n ", max_size=8),
    st.booleans(),
    st.none(),
)
MESSAGES = st.builds(Message, st.sampled_from(ADDRESSES), st.lists(VALUES, max_size=6).map(tuple))


@settings(max_examples=150)
@given(st.lists(MESSAGES, max_size=30))
def test_any_answer_is_borne(messages: list[Message]) -> None:
    """Answers of any shape change the mirror or nothing, and raise nothing."""

    async def heard() -> None:
        tasks = Tasks()
        link = AbletonOscLink(Address("127.0.0.1", 9, 0), clock=SystemClock(), spawn=tasks)
        await link.open()
        question = tasks(
            link._asking.confirm(
                Message("/live/song/get/tempo"), accepts=lambda each: each.arguments[3] == "x"
            ),
            name="question",
        )
        await asyncio.sleep(0)
        for message in messages:
            link.wire.datagram_received(encode(message), ("127.0.0.1", 9))
        link.wire.datagram_received(encode(Bundle(1, tuple(messages))), ("127.0.0.1", 9))
        link.wire.datagram_received(b"no OSC", ("127.0.0.1", 9))
        assert link.wire.tally.refused == 1
        assert link.mirror.tempo is None or isinstance(link.mirror.tempo, float)
        question.cancel()
        await link.close()
        await tasks.close()

    asyncio.run(heard())
