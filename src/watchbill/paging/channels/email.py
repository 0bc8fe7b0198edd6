"""Email by SMTP (RFC 5321), one connection for each message."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

from watchbill.paging.channels.base import PATIENCE, Message, NotSent


class Email:
    """Sends by the server that `url` names.

    `smtps://` speaks TLS from the start. `smtp://` changes to TLS when the server offers it, and
    must before a password is sent.
    """

    def __init__(self, url: str, sender: str, patience: float = PATIENCE) -> None:
        self.at = urlsplit(url)
        self.sender, self.patience = sender, patience

    def check(self) -> str:
        """A mail server is needed."""
        return "" if self.at.hostname else "Set WATCHBILL_SMTP_URL: no mail server is known."

    def send(self, message: Message) -> None:
        """Hand the message to the mail server."""
        if problem := self.check():
            raise NotSent(problem)
        begun = False
        try:
            with self._connected() as server:
                begun = True  # from here on a broken connection may hide a success
                server.send_message(self._written(message), self.sender_address, [message.to])
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused(*next(iter(error.recipients.values()))) from None
        except smtplib.SMTPResponseException as error:
            raise _refused(error.smtp_code, error.smtp_error) from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise NotSent(f"{type(error).__name__}: {error}", maybe=begun) from None

    @property
    def sender_address(self) -> str:
        """The bare address of the sender."""
        return parseaddr(self.sender)[1]

    def _connected(self) -> smtplib.SMTP:
        host, context = self.at.hostname or "", ssl.create_default_context()
        server: smtplib.SMTP
        if self.at.scheme == "smtps":
            server = smtplib.SMTP_SSL(
                host, self.at.port or 465, timeout=self.patience, context=context
            )
        else:
            server = smtplib.SMTP(host, self.at.port or 25, timeout=self.patience)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
            elif self.at.username:
                server.close()
                raise NotSent("The mail server offers no TLS, so no password is sent to it.")
        if self.at.username:
            server.login(unquote(self.at.username), unquote(self.at.password or ""))
        return server

    def _written(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"] = self.sender, message.to
        mail["Subject"] = message.title.replace("\r", " ").replace("\n", " ")
        mail["Date"] = format_datetime(message.at)
        host = self.sender_address.rpartition("@")[2] or "watchbill"
        mail["Message-ID"] = f"<{message.key}@{host}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Watchbill-Repeat"] = "yes" if message.repeat else "no"
        note = (
            "This may be a repeat: an earlier attempt may have arrived.\n\n"
            if message.repeat
            else ""
        )
        mail.set_content(note + message.text)
        return mail


def _refused(code: int, words: bytes | str) -> NotSent:
    """5xx answers are final, 4xx ask to try again later (RFC 5321, 4.2.1)."""
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return NotSent(f"the mail server answered {code} {text}", final=500 <= code < 600)
