"""Outgoing mail by SMTP, or none at all."""

import asyncio
import smtplib
from email.message import EmailMessage

from musearoo.app.settings import Settings
from musearoo.domain.errors import Unavailable

_SECONDS = 20.0


class NoMailer:
    """Implements `ports.ambient.Mailer` where no mail is set up: nothing waits for mail."""

    @property
    def configured(self) -> bool:
        return False

    async def send(self, to: str, subject: str, text: str) -> None:  # noqa: ARG002
        raise Unavailable("No mail can be sent from here.")


class SmtpMailer:
    """Implements `ports.ambient.Mailer` over SMTP with STARTTLS."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def configured(self) -> bool:
        return True

    async def send(self, to: str, subject: str, text: str) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._settings.mail_from, to, subject
        message.set_content(text)
        try:
            await asyncio.to_thread(self._deliver, message)
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable("The mail could not be sent; try again later.") from error

    def _deliver(self, message: EmailMessage) -> None:
        settings = self._settings
        with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_SECONDS) as smtp:
            smtp.starttls()
            if settings.smtp_user and settings.smtp_password is not None:
                smtp.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            smtp.send_message(message)


def open_mailer(settings: Settings) -> NoMailer | SmtpMailer:
    """The mailer that the settings name."""
    return SmtpMailer(settings) if settings.smtp_host else NoMailer()
