import pytest

from musearoo.domain.audit import audit_entry, blotted
from musearoo.domain.ids import UserId
from musearoo.domain.origin import Origin

UUID = "018f2b5a-1111-7000-8000-123456789abc"


class TestBlotted:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "role editor, 3 files",
            UUID,
            f"{UUID} {UUID}",
            "take 7: ♯11 übermäßig",
            "10.0.0.0/24",
        ],
    )
    def test_harmless_text_stays(self, text):
        assert blotted(text) == text

    @pytest.mark.parametrize(
        "secret",
        [
            "anna.b+tag@mail.example.org",
            "<anna@localhost>",
            "q1w2e3r4-_q1w2e3r4q1w2e3r4q1w2e3r4q1w2e3r4x",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJlc2lnbmF0dXJl",
            "a" * 64,
        ],
    )
    def test_addresses_and_secrets_go(self, secret):
        kept = blotted(f"login as {secret} failed")
        assert secret.strip("<>") not in kept
        assert kept.startswith("login as")
        assert kept.endswith("failed")

    def test_no_second_line_can_be_forged(self):
        assert "\n" not in blotted("x\nlogin.ok admin\r\x1b[2J\u2028")

    def test_long_text_is_cut_without_showing_half_a_secret(self):
        assert len(blotted("word " * 10_000)) == 200
        secret = "s3cr3tZZ" * 8
        for offset in range(100, 200):
            assert "s3cr3tZZs3cr3tZZ" not in blotted("." * 3 + " " * offset + secret)


class TestAuditEntry:
    @pytest.mark.parametrize(
        ("source", "kept"),
        [
            ("203.0.113.77", "203.0.113.0/24"),
            ("203.0.113.0/24", "203.0.113.0/24"),
            ("2001:db8:1:2::3", "2001:db8:1::/48"),
            ("2001:db8:1::/48", "2001:db8:1::/48"),
            ("local", "local"),
        ],
    )
    def test_source_is_a_network(self, source, kept):
        entry = audit_entry(Origin("rest", source, "c"), None, "login.refused", "", at=1.0)
        assert entry.source == kept

    def test_all_is_said(self):
        entry = audit_entry(
            Origin("ws", "local", "corr"), UserId("u"), "project.deleted", UUID,
            at=5.0, result="refused", detail="by anna@example.org",
        )  # fmt: skip
        assert (entry.at, entry.actor, entry.door) == (5.0, "u", "ws")
        assert (entry.action, entry.subject, entry.result) == ("project.deleted", UUID, "refused")
        assert (entry.correlation, entry.detail) == ("corr", "by [address]")
