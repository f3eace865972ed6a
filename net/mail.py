"""Mail outwards: one plain-text message over SMTP, in a thread, under a Message-ID that never changes.

Headers are set by the standard library's own encoder from values without control characters, and the one recipient is handed to the
server apart from them: no text can become a header, a second recipient or markup.
"""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from pathlib import Path
from typing import Literal

from domain.contact import email_of, plain
from domain.errors import AccessDenied, Permanent, Unreachable

TIMEOUT_S = 20.0
MAX_SUBJECT = 150


@dataclass(frozen=True, slots=True, repr=False)
class Server:
    """Where mail is handed in. ``security`` starttls: never without encryption, whatever the server offers."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    user: str = ""
    password: str = ""
    ca_file: Path | None = None
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True, slots=True, repr=False)
class Mail:
    """``id`` is part of the Message-ID: sent twice, it is the same message to whoever sorts mail out."""

    id: str
    to: str
    sender: str
    subject: str
    text: str
    reply_to: str = ""
    lang: str = ""


async def send(server: Server, mail: Mail) -> str:
    """Hand a message in; returns its Message-ID.

    Raises Unreachable where the server can't be reached or asks to come again, AccessDenied where it refuses us or would
    have us speak in the clear, Permanent where it refuses this message or its recipient.
    """
    return await asyncio.to_thread(send_now, server, mail)


def send_now(server: Server, mail: Mail) -> str:
    who = f"mail server {server.host}"
    message = written(mail)
    try:
        with _connected(server) as line:
            line.send_message(message, from_addr=parseaddr(mail.sender)[1], to_addrs=[mail.to])
    except smtplib.SMTPAuthenticationError as exc:
        raise AccessDenied(who, f"refused the account ({exc.smtp_code})") from exc
    except smtplib.SMTPNotSupportedError as exc:
        raise AccessDenied(who, "offers no STARTTLS or no sign-in: set `security` or the account") from exc
    except smtplib.SMTPRecipientsRefused as exc:
        code = next(iter(exc.recipients.values()))[0]
        raise _by_code(code, who, "the recipient") from exc
    except smtplib.SMTPResponseException as exc:
        raise _by_code(exc.smtp_code, who, "the message") from exc
    except ssl.SSLCertVerificationError as exc:
        raise AccessDenied(who, f"its certificate isn't good: {exc.verify_message}") from exc
    except (OSError, smtplib.SMTPException) as exc:
        raise Unreachable(who, type(exc).__name__) from exc
    return str(message["Message-ID"])


def _by_code(code: int, who: str, what: str) -> Exception:
    """4xx: again later; 5xx: never. The server's own words may hold the address, and stay out."""
    if 500 <= code < 600:
        return Permanent(who, f"refused {what} ({code})")
    return Unreachable(who, f"put {what} off ({code})")


def _connected(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=str(server.ca_file) if server.ca_file else None)
    if server.security == "tls":
        line: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=context)
    else:
        line = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
    try:
        if server.security == "starttls":
            line.starttls(context=context)
        if server.user:
            line.login(server.user, server.password)
    except BaseException:
        line.close()
        raise
    return line


def written(mail: Mail) -> EmailMessage:
    """The message as it is handed in. Raises Permanent where the recipient is no single plain address."""
    if not mail.to or email_of(mail.to) != mail.to:
        raise Permanent("mail", "the recipient is no single address")
    name, address = parseaddr(mail.sender)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(plain(name), addr_spec=address)
    message["To"] = Address(addr_spec=mail.to)
    message["Subject"] = plain(mail.subject, MAX_SUBJECT)
    message["Message-ID"] = f"<{mail.id}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office notes in answer
    if mail.reply_to:
        message["Reply-To"] = Address(addr_spec=mail.reply_to)
    if mail.lang:
        message["Content-Language"] = mail.lang
    message.set_content(mail.text)
    return message
