"""The sound font: its format, and what we changed in it."""

import pytest

from musearoo.domain.errors import InvalidValue
from musearoo.render import sf3
from musearoo.render.modulators import DEFAULTS, Modulator
from musearoo.render.sf3 import SoundFont, bundled


class TestFont:
    def test_presets(self) -> None:
        melodic = (0, 4, 11, 16, 24, 27, 29, 32, 33, 36, 38, 48, 56, 61, 65, 73, 80, 81, 89)
        expected = [*((0, program) for program in melodic), (128, 0), (128, 25), (128, 40)]
        assert expected == list(bundled().presets)

    def test_root_keys_stand_in_the_sample_headers(self) -> None:
        """symusic reads only these (soundfont/README.md)."""
        font = bundled()
        for preset in font.presets:
            for zone in font.zones(*preset):
                assert zone.get(sf3.ROOT) in (-1, font.samples[zone.sample].root)

    def test_every_key_of_the_piano_sounds(self) -> None:
        zones = bundled().zones(0, 0)
        for key in range(21, 109):
            assert any(zone.plays(key, 64) for zone in zones)

    def test_unknown_presets_have_no_zones(self) -> None:
        assert () == bundled().zones(0, 1)

    def test_samples_are_decoded_once(self) -> None:
        font = bundled()
        first = font.zones(0, 73)[0].sample
        assert font.audio(first) is font.audio(first)
        assert len(font.audio(first)) > 10_000

    @pytest.mark.parametrize("octets", [b"", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0sfbk"])
    def test_other_files_are_refused(self, octets: bytes) -> None:
        with pytest.raises(InvalidValue, match="sound font"):
            SoundFont(octets)


class TestModulators:
    def test_velocity_to_attenuation_is_concave(self) -> None:
        """SoundFont 2.04, 8.4.1: 960 cB, 40 log10(127 / velocity) dB."""
        (default,) = DEFAULTS
        assert 0 == default.value(60, 127)
        assert pytest.approx(120, abs=2) == default.value(60, 64)
        assert 960 == default.value(60, 0)

    @pytest.mark.parametrize(
        ("source", "velocity", "value"),
        [
            (0x0002, 127, 100), (0x0002, 0, 0), (0x0102, 0, 100), (0x0202, 0, -100),
            (0x0202, 127, 100), (0x0A02, 127, 100), (0x0C02, 63, 0), (0x0C02, 64, 100),
            (0x0000, 64, 0), (0x0081, 64, 0), (0x000A, 64, 0), (0x0003, 64, 100 * 60 / 127),
        ],
    )  # fmt: skip
    def test_curves(self, source: int, velocity: int, value: float) -> None:
        assert pytest.approx(value) == Modulator(source, 0, 8, 100).value(60, velocity)

    def test_a_second_source_scales(self) -> None:
        assert pytest.approx(50, abs=1) == Modulator(0x0003, 0x0002, 8, 100).value(127, 64)
