"""Webhooks signed in the Standard Webhooks form (https://www.standardwebhooks.com).

`webhook-signature: v1,<base64 HMAC-SHA256 of "id.timestamp.body">` with the secret that follows
`whsec_`. Any http or https address may be called, inside the own network too: the address is set by
a person who is signed in, and calling systems next door is what self-hosted webhooks are for.
"""

import base64
import binascii
import hashlib
import hmac
import json

import httpx

from watchbill.paging.channels.base import PATIENCE, Message, NotSent

_PREFIX = "whsec_"


class Webhook:
    """Posts the message's data as JSON to the address. Redirects are not followed."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self.http = httpx.Client(
            timeout=patience, follow_redirects=False, headers={"User-Agent": "Watchbill"}
        )

    def check(self) -> str:
        """Nothing needs to be set."""
        return ""

    def send(self, message: Message) -> None:
        """Post it; any 2xx answer means that it was taken."""
        body = json.dumps(dict(message.data), separators=(",", ":")).encode()
        stamp = str(int(message.at.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.key,
            "webhook-timestamp": stamp,
            "X-Watchbill-Repeat": "yes" if message.repeat else "no",
        }
        if message.secret:
            headers["webhook-signature"] = signature(message.secret, message.key, stamp, body)
        try:
            answer = self.http.post(message.to, content=body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(f"cannot connect: {error}") from None
        except httpx.InvalidURL as error:
            raise NotSent(f"this is no address: {error}", final=True) from None
        except httpx.UnsupportedProtocol as error:
            raise NotSent(f"this is no web address: {error}", final=True) from None
        except httpx.HTTPError as error:
            raise NotSent(f"{type(error).__name__}: {error}", maybe=True) from None
        if not answer.is_success:
            # 410 is how a receiver says that it wants no more (Standard Webhooks).
            raise NotSent(
                f"the receiver answered {answer.status_code}", final=answer.status_code == 410
            )


def signature(secret: str, key: str, stamp: str, body: bytes) -> str:
    """The value of `webhook-signature`. `secret` is `whsec_` and base64, or plain text."""
    raw = secret.encode()
    if secret.startswith(_PREFIX):
        try:
            raw = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            raise NotSent("the signing secret is not base64", final=True) from None
    signed = f"{key}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(raw, signed, hashlib.sha256)).decode()
