import base64
import hashlib
import hmac
import json

import jwt
import pytest

from musearoo.domain.errors import Unauthenticated
from musearoo.domain.ids import FamilyId, UserId
from musearoo.security.keys import Keys, new_key
from musearoo.security.tokens import AUDIENCE, LIFETIME_SECONDS, SignedTokens

NOW = 1_800_000_000.0
ISSUER = "https://band.example"
USER, FAMILY = UserId("user"), FamilyId("family")


@pytest.fixture(scope="module")
def keys():
    return Keys(new_key())


@pytest.fixture
def tokens(keys):
    return SignedTokens(keys, issuer=ISSUER)


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forged(keys, header=None, claims=None, *, drop=()):
    """A token that is right in every respect but the given ones, signed with the true key."""
    header = {"alg": "HS256", "typ": "at+jwt", "kid": keys.current.kid} | (header or {})
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": USER, "sid": FAMILY, "jti": "1",
        "iat": int(NOW), "exp": int(NOW) + 600,
    } | (claims or {})  # fmt: skip
    for name in drop:
        header.pop(name, None)
        claims.pop(name, None)
    signed = f"{part(header)}.{part(claims)}"
    mac = hmac.digest(keys.current.derive("access token"), signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


class TestIndependentVerifier:
    """PyJWT, which we did not write, reads our tokens as RFC 9068 says."""

    def test_header_and_claims(self, tokens, keys):
        token, lifetime = tokens.access(USER, FAMILY, NOW)
        claims = jwt.decode(
            token,
            keys.current.derive("access token"),
            algorithms=["HS256"],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"verify_exp": False, "verify_iat": False},
        )
        header = jwt.get_unverified_header(token)
        assert header == {"alg": "HS256", "typ": "at+jwt", "kid": keys.current.kid}
        assert claims.keys() == {"iss", "aud", "sub", "sid", "jti", "iat", "exp"}
        assert (claims["sub"], claims["sid"]) == (USER, FAMILY)
        assert claims["exp"] - claims["iat"] == lifetime == 600

    def test_what_it_signs_we_accept(self, tokens, keys):
        claims = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": USER, "sid": FAMILY, "jti": "1",
            "iat": int(NOW), "exp": int(NOW) + 600,
        }  # fmt: skip
        headers = {"typ": "at+jwt", "kid": keys.current.kid}
        token = jwt.encode(claims, keys.current.derive("access token"), "HS256", headers)
        assert tokens.verify(token, NOW).user == USER

    def test_no_two_tokens_are_alike(self, tokens):
        assert tokens.access(USER, FAMILY, NOW) != tokens.access(USER, FAMILY, NOW)


class TestForgery:
    def test_the_unforged_one_is_accepted(self, tokens, keys):
        assert tokens.verify(forged(keys), NOW).family == FAMILY

    @pytest.mark.parametrize(
        "header",
        [
            {"alg": "none"},
            {"alg": "HS512"},
            {"alg": "RS256"},
            {"typ": "JWT"},
            {"typ": "AT+JWT"},
            {"kid": "other"},
            {"kid": ""},
            {"kid": 1},
            {"kid": None},
            {"jwk": {"kty": "oct", "k": "AAAA"}},
            {"jku": "https://evil.example/keys"},
            {"crit": ["b64"], "b64": False},
        ],
        ids=str,
    )
    def test_header(self, tokens, keys, header):
        with pytest.raises(Unauthenticated):
            tokens.verify(forged(keys, header), NOW)

    @pytest.mark.parametrize(
        "claims",
        [
            {"iss": "https://evil.example"},
            {"iss": ISSUER + "/"},
            {"aud": "other"},
            {"aud": [AUDIENCE]},
            {"exp": int(NOW)},
            {"exp": str(int(NOW) + 600)},
            {"exp": 1e400},
            {"exp": None},
            {"exp": 10**400},
            {"iat": -1},
            {"iat": int(NOW) + 61, "exp": int(NOW) + 661},
            {"iat": True},
            {"sub": 7},
            {"sid": None},
            {"sub": {"a": "b"}},
        ],
        ids=str,
    )
    def test_claims(self, tokens, keys, claims):
        with pytest.raises(Unauthenticated):
            tokens.verify(forged(keys, claims=claims), NOW)

    @pytest.mark.parametrize(
        "name", ["alg", "typ", "kid", "iss", "aud", "sub", "sid", "jti", "iat", "exp"]
    )
    def test_missing_member(self, tokens, keys, name):
        with pytest.raises(Unauthenticated):
            tokens.verify(forged(keys, drop=[name]), NOW)

    def test_unsigned_token(self, tokens, keys):
        header, claims, _ = forged(keys, {"alg": "none"}).split(".")
        for signature in ("", "AA"):
            with pytest.raises(Unauthenticated):
                tokens.verify(f"{header}.{claims}.{signature}", NOW)

    def test_second_spelling_of_a_good_token(self, tokens):
        """The last character of the signature has two bits to spare; they must be zero."""
        token, _ = tokens.access(USER, FAMILY, NOW)
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        twin = token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]
        for other in (twin, token + "=", token + "\n", f" {token}", token.replace(".", "..")):
            with pytest.raises(Unauthenticated):
                tokens.verify(other, NOW)

    def test_token_key_signs_no_urls(self, tokens, keys):
        end, made = int(NOW) + 60, {}
        for purpose in ("access token", "url signature"):
            key = keys.current.derive(purpose)
            mac = hmac.digest(key, f"{end}\n/assets/1".encode(), hashlib.sha256)[:16]
            made[purpose] = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
        assert tokens.signature_is_valid("/assets/1", end, made["url signature"], NOW)
        assert not tokens.signature_is_valid("/assets/1", end, made["access token"], NOW)

    def test_url_signing_key_signs_no_tokens(self, tokens, keys):
        header, claims, _ = forged(keys).split(".")
        key = keys.current.derive("url signature")
        mac = hmac.digest(key, f"{header}.{claims}".encode(), hashlib.sha256)
        signature = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
        with pytest.raises(Unauthenticated):
            tokens.verify(f"{header}.{claims}.{signature}", NOW)


class TestMemory:
    def test_verified_tokens_are_bounded(self, tokens, monkeypatch):
        monkeypatch.setattr("musearoo.security.tokens._CACHE_SIZE", 3)
        sent = [tokens.access(USER, FAMILY, NOW)[0] for _ in range(10)]
        for token in sent:
            tokens.verify(token, NOW)
        assert len(tokens._verified) == 3
        assert tokens.verify(sent[0], NOW).user == USER

    def test_expired_tokens_take_no_room(self, tokens):
        token, lifetime = tokens.access(USER, FAMILY, NOW)
        with pytest.raises(Unauthenticated):
            tokens.verify(token, NOW + lifetime)
        assert len(tokens._verified) == 0

    def test_no_token_is_kept(self, tokens):
        token, _ = tokens.access(USER, FAMILY, NOW)
        tokens.verify(token, NOW)
        assert token not in repr(vars(tokens))

    def test_revocations_are_forgotten_when_the_last_token_has_expired(self, tokens):
        tokens.revoke_family(FAMILY)
        late = NOW + LIFETIME_SECONDS + 61
        for now in (NOW, late, late):
            with pytest.raises(Unauthenticated):
                tokens.verify("x", now)
        assert tokens._revoked == {}

    def test_revocation_holds_until_then(self, tokens):
        token, _ = tokens.access(USER, FAMILY, NOW)
        tokens.revoke_family(FAMILY)
        for later in (0, 1, 599):
            with pytest.raises(Unauthenticated):
                tokens.verify(token, NOW + later)
