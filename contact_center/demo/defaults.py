"""What the demo needs and nobody has set: every one of these is off, or another, in earnest."""

import base64
import hashlib
import hmac
import socket
from typing import Any

from pydantic import SecretStr

from contact_center.demo.people import DOMAIN
from contact_center.settings import Callbacks, Email, Server, Settings
from contact_center.sources.models import Source
from contact_center.sources.rules import parse_sources

COMPANY = "Leaf & Kettle"
SHOP = "demo-shop"  # a source, and the channel of its customers
MAIL_PORTS = range(8025, 8035)

_SHOP_FIELDS = {
    "external_id": "message.id",
    "thread": "join('-', ['order', message.order])",
    "subject": "join(' ', ['Order', message.order])",
    "text": "message.text",
    "kind": "message.kind",
    "sender": {
        "address": "customer.id",
        "name": "customer.name",
        "email": "customer.email",
        "language": "customer.language",
    },
    "facts": {"order": "message.order"},
}


def for_demo(settings: Settings, *, taken: bool = False) -> Settings:
    """Mail comes in on a port of this machine and leaves into a folder; what is set stays set.

    `taken` is for who looks for the running service: its ports are not free.
    """
    changes: dict[str, Any] = {}
    if settings.company == Settings.model_fields["company"].default:
        changes["company"] = COMPANY
    if settings.server.public_url == Server().public_url:
        url = f"http://localhost:{settings.server.port}"
        changes["server"] = settings.server.model_copy(update={"public_url": url})
    if not settings.email.enabled:
        changes["email"] = settings.email.model_copy(update=_mail(settings.email, taken=taken))
    if settings.callbacks.delay_minutes == Callbacks().delay_minutes:
        # Nobody who tries it out waits an hour for the question.
        changes["callbacks"] = settings.callbacks.model_copy(update={"delay_minutes": 1})
    return settings.model_copy(update=changes)


def _mail(email: Email, *, taken: bool) -> dict[str, Any]:
    changes: dict[str, Any] = {"enabled": True, "smtp_host": None}
    if email.address == Email().address:
        changes |= {"address": f"support@{DOMAIN}", "name": COMPANY}
    if not taken and email.listen_port == Email().listen_port:
        free = (port for port in MAIL_PORTS if _is_free(email.listen_host, port))
        changes["listen_port"] = next(free, email.listen_port)
    return changes


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def demo_sources(secret_key: SecretStr) -> dict[str, Source]:
    """A web shop that calls us; its secret is known to whoever has ours, and to nobody else."""
    shop = {
        "verify": "standard-webhooks",
        "secrets": [shop_secret(secret_key)],
        "verified": True,
        "fields": _SHOP_FIELDS,
    }
    return parse_sources({SHOP: shop}, file="the demo")


def shop_secret(secret_key: SecretStr) -> str:
    key = secret_key.get_secret_value().encode()
    return "whsec_" + base64.b64encode(hmac.digest(key, SHOP.encode(), hashlib.sha256)).decode()
