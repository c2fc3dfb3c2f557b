"""Passwords that are hashed fast, for tests that log in a thousand times."""

import hashlib
import hmac
import secrets

from musearoo.security.passwords import LONGEST, check_password


class QuickPasswords:
    """`Passwords` with salted SHA-256 instead of Argon2id; the rules are the real ones."""

    def check(self, password: str, *, username: str, email: str) -> None:
        check_password(password, username, email)

    async def hash(self, password: str) -> str:
        return self._hash(password, secrets.token_hex(8))

    async def verify(self, password: str, hashed: str | None) -> bool:
        if hashed is None or len(password) > LONGEST:
            return False
        return hmac.compare_digest(self._hash(password, hashed.partition(":")[0]), hashed)

    def _hash(self, password: str, salt: str) -> str:
        text = f"{salt}:{password}".encode("utf-8", "surrogatepass")
        return f"{salt}:{hashlib.sha256(text).hexdigest()}"
