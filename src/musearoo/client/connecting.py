"""The way into a session."""

from musearoo.client.link import Options
from musearoo.client.rest import Account
from musearoo.client.session import Session


def connect(
    url: str | None = None,
    *,
    session: str,
    token: str | None = None,
    account: Account | None = None,
    options: Options | None = None,
) -> Session:
    """A session at the server at `url` (http or https), to be entered with `async with`.

    With an access `token` it lives as long as that token can be used for; an `account`
    refreshes itself. A project's session has the project's id.
    """
    if account is not None:
        return Session(account, session, options or Options())
    if url is None or token is None:
        raise ValueError("Give an account, or a url with a token.")
    return Session(Account(url, token=token), session, options or Options(), owns_account=True)
