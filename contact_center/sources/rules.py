"""Other systems that hand in messages: how they prove who they are, and how to read what they say.

Configured in `config/sources.toml`. Pure: nothing here touches the network or the clock.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from jmespath.exceptions import JMESPathError
from pydantic import Field, TypeAdapter, ValidationError

from contact_center.channels import signatures
from contact_center.channels.base import Inbound, Sender
from contact_center.settings import SettingsError, read_sources
from contact_center.sources.models import Source
from contact_center.tickets.models import Priority, TicketKind

LONGEST_ID = 400
MOST_TAGS = 20
LONGEST_FACT = 2000  # characters of JSON

_SOURCES = TypeAdapter(dict[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")], Source])


def load_sources(directory: Path) -> dict[str, Source]:
    """From `sources.toml`. Raises SettingsError that names file, key and reason."""
    table = read_sources(directory)
    return parse_sources(table, file=str(directory / "sources.toml"))


def parse_sources(table: Mapping[str, Any], *, file: str) -> dict[str, Source]:
    """Raises SettingsError that names file, key and reason."""
    named = {
        name: {"channel": name, **source, "name": name} if isinstance(source, dict) else source
        for name, source in table.items()
    }
    try:
        return _SOURCES.validate_python(named)
    except ValidationError as error:
        reasons = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise SettingsError(f"{file}: " + "; ".join(reasons)) from None


def is_genuine(source: Source, headers: Mapping[str, str], body: bytes, *, at: datetime) -> bool:
    secrets = source.plain_secrets
    match source.verify:
        case "standard-webhooks":
            return signatures.is_standard(headers, body, secrets=secrets, at=at)
        case "github":
            return signatures.is_github(headers, body, secrets=secrets)
        case "stripe":
            return signatures.is_stripe(headers, body, secrets=secrets, at=at)
        case "shopify":
            return signatures.is_shopify(headers, body, secrets=secrets)
        case "slack":
            return signatures.is_slack(headers, body, secrets=secrets, at=at)
        case "token":
            return signatures.is_token(headers, header=source.header or "", secrets=secrets)


def is_wanted(source: Source, said: Any) -> bool:
    """False for what this system also tells us and nobody needs to answer."""
    return source.when is None or bool(_find(source.when, said))


def to_inbound(source: Source, said: Any, *, body: bytes, call_id: str | None = None) -> Inbound:
    """The message in it. Without a text or a sender it goes to quarantine, with all that was said.

    `call_id` is what the caller calls this call; it is repeated when the call is.
    """
    fields = source.fields
    sender = _sender(source, said)
    external_id = _text(_find(fields.external_id, said)) or call_id
    return Inbound(
        channel=source.channel,
        external_id=_short_id(external_id or hashlib.sha256(body).hexdigest()),
        sender=sender,
        thread=_text(_find(fields.thread, said)) or sender.address,
        text=_text(_find(fields.text, said)) or "",
        subject=_text(_find(fields.subject, said)),
        kind=_one_of(TicketKind, _find(fields.kind, said)),
        priority=_one_of(Priority, _find(fields.priority, said)),
        category=_text(_find(fields.category, said), longest=64),
        tags=_tags(_find(fields.tags, said)),
        facts=_facts({name: _find(path, said) for name, path in fields.facts.items()}),
        team=source.team,
        original=_storable(body.decode(errors="replace")),
    )


def _sender(source: Source, said: Any) -> Sender:
    fields = source.fields.sender
    email = _text(_find(fields.email, said), longest=320)
    phone = _text(_find(fields.phone, said), longest=40)
    return Sender(
        address=_text(_find(fields.address, said)) or email or phone or "",
        name=_text(_find(fields.name, said), longest=200) or "",
        email=email,
        phone=phone,
        language=_language(_text(_find(fields.language, said))),
        verified=source.verified,
    )


def _find(expression: Any, said: Any) -> Any:
    if expression is None:
        return None
    try:
        return expression.search(said)
    except JMESPathError:  # a function that met another type than it wants
        return None


def _text(value: Any, *, longest: int | None = None) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return _storable(str(value)).strip()[:longest] or None


def _storable(text: str) -> str:
    """Without NUL and halves of surrogate pairs: JSON can say them, no database keeps them."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()


def _short_id(external_id: str) -> str:
    if len(external_id) <= LONGEST_ID:
        return external_id
    return hashlib.sha256(external_id.encode()).hexdigest()


def _one_of(allowed: type[TicketKind] | type[Priority], value: Any) -> str | None:
    return value if isinstance(value, str) and value in list(allowed) else None


def _language(value: str | None) -> str | None:
    """The language of "zh-CN" or "en_GB", where it is one we speak."""
    spoken = (value or "").replace("_", "-").split("-")[0].lower()
    return spoken if spoken in ("en", "zh") else None


def _tags(value: Any) -> Sequence[str]:
    values = value if isinstance(value, list) else [value]
    tags = [tag for one in values if (tag := _text(one, longest=64))]
    return list(dict.fromkeys(tags))[:MOST_TAGS]


def _facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Values of any shape, each with a limit; what is not there is left out."""
    cleaned = {name: _clean(value) for name, value in facts.items()}
    return {
        name: value
        for name, value in cleaned.items()
        if value is not None and len(json.dumps(value, ensure_ascii=False)) <= LONGEST_FACT
    }


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {_storable(name): _clean(one) for name, one in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
