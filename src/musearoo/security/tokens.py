"""Access tokens that live ten minutes, and signatures for URLs that expire.

The token is a JWT after RFC 9068 (`typ: at+jwt`) with one algorithm, HS256: who issues it also
verifies it. Rights and tier are never in it; they are looked up.
"""

import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from typing import Annotated, Final

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from musearoo.domain.errors import Unauthenticated
from musearoo.domain.ids import FamilyId, UserId
from musearoo.ports.security import Claims
from musearoo.security.keys import Keys

LIFETIME_SECONDS: Final = 600
AUDIENCE: Final = "musearoo-api"
_ALGORITHM: Final = "HS256"
_TYPE: Final = "at+jwt"
_MAX_TOKEN_CHARACTERS: Final = 2048
_CACHE_SIZE: Final = 10_000
# How far ahead the clock of the issuing moment may have been, after it was set back.
_MAX_AHEAD_SECONDS: Final = 60
_SIGNATURE_BYTES: Final = 16


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: str
    typ: str
    kid: str


_Time = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class _Payload(msgspec.Struct, frozen=True):
    iss: str
    aud: str
    sub: str
    sid: str
    jti: str
    iat: _Time
    exp: _Time


class SignedTokens:
    """Implements `ports.security.Tokens`.

    A verified token is remembered under its SHA-256 until it expires, so that the next request
    with it costs less than a microsecond. `issuer` is the server's public URL.
    """

    def __init__(self, keys: Keys, *, issuer: str) -> None:
        self._issuer = issuer
        self._kid = keys.current.kid
        self._keys = {
            key.kid: OctKey.import_key(key.derive("access token")) for key in keys.alive()
        }
        self._url_keys = [key.derive("url signature") for key in keys.alive()]
        self._verified: OrderedDict[bytes, Claims] = OrderedDict()
        self._revoked: dict[FamilyId, float | None] = {}

    def access(self, user: UserId, family: FamilyId, now: float) -> tuple[str, int]:
        """A signed token and its lifetime in seconds."""
        issued = int(now)
        payload = _Payload(
            iss=self._issuer,
            aud=AUDIENCE,
            sub=user,
            sid=family,
            jti=secrets.token_urlsafe(12),
            iat=issued,
            exp=issued + LIFETIME_SECONDS,
        )
        header = {"alg": _ALGORITHM, "typ": _TYPE, "kid": self._kid}
        claims = msgspec.to_builtins(payload)
        return jwt.encode(header, claims, self._keys[self._kid], [_ALGORITHM]), LIFETIME_SECONDS

    def verify(self, token: str, now: float) -> Claims:
        """The claims; raises `Unauthenticated`, whatever was sent."""
        fingerprint = _fingerprint(token)
        claims = self._verified.get(fingerprint)
        if claims is None:
            claims = self._decode(token, now)
            self._remember(fingerprint, claims)
        else:
            self._verified.move_to_end(fingerprint)
        if now >= claims.expires_at:
            raise _refusal()
        if claims.family in self._revoked:
            raise _refusal()
        return claims

    def revoke_family(self, family: FamilyId) -> None:
        """Refuse the access tokens of a family from now on, until they have expired."""
        self._revoked[family] = None

    def signature(self, text: str, expires_at: int) -> str:
        """A keyed signature over `text` and its end (UNIX seconds), fit for a URL."""
        return _signature(self._url_keys[0], text, expires_at)

    def signature_is_valid(self, text: str, expires_at: int, signature: str, now: float) -> bool:
        """Whether one of the living keys made the signature and it has not ended."""
        given = signature.encode("utf-8", "surrogatepass")
        matches = False
        for key in self._url_keys:
            expected = _signature(key, text, expires_at).encode()
            matches |= hmac.compare_digest(expected, given)
        return matches and now < expires_at

    def _decode(self, token: str, now: float) -> Claims:
        self._prune_revoked(now)
        payload = self._payload(token)
        genuine = payload.iss == self._issuer and payload.aud == AUDIENCE
        if not genuine or payload.iat > now + _MAX_AHEAD_SECONDS or now >= payload.exp:
            raise _refusal()
        return Claims(UserId(payload.sub), FamilyId(payload.sid), float(payload.exp))

    def _payload(self, token: str) -> _Payload:
        try:
            key = self._keys[_kid(token)]
            return msgspec.convert(jwt.decode(token, key, [_ALGORITHM]).claims, _Payload)
        except (JoseError, ValueError, KeyError) as error:
            raise _refusal() from error

    def _remember(self, fingerprint: bytes, claims: Claims) -> None:
        self._verified[fingerprint] = claims
        if len(self._verified) > _CACHE_SIZE:
            self._verified.popitem(last=False)

    def _prune_revoked(self, now: float) -> None:
        """Forget families whose last token has expired: the first call after sets the end."""
        for family, ends in list(self._revoked.items()):
            if ends is None:
                self._revoked[family] = now + LIFETIME_SECONDS + _MAX_AHEAD_SECONDS
            elif now >= ends:
                del self._revoked[family]


def _kid(token: str) -> str:
    """The key that the header of an access token names; `ValueError` for any other header."""
    if len(token) > _MAX_TOKEN_CHARACTERS:
        raise ValueError("longer than any token of ours")
    segment = token.partition(".")[0]
    raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    header = msgspec.json.decode(raw, type=_Header)
    if header.alg != _ALGORITHM or header.typ != _TYPE:
        raise ValueError("not an access token")
    return header.kid


def _fingerprint(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _signature(key: bytes, text: str, expires_at: int) -> str:
    message = f"{expires_at}\n{text}".encode("utf-8", "surrogatepass")
    digest = hmac.digest(key, message, hashlib.sha256)[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _refusal() -> Unauthenticated:
    return Unauthenticated("The access token is not valid any more; log in or refresh it.")
