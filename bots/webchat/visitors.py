"""Who sits before a chat window: somebody unknown, or a customer the host site vouches for."""

import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bots.webchat.seals import Seal, encode, read_facts
from contact_center.channels.base import Sender
from contact_center.errors import ContactCenterError, Invalid, Unauthenticated

KNOWN_FOR = 180 * 86400  # seconds a browser is recognised
VERIFIED_FOR = 86400  # seconds the host site's word counts
SKEW = 60  # seconds by which the host site's clock may be wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """`id` is both the address and the thread of the conversation."""

    id: str
    name: str = ""
    email: str | None = None
    language: str = "en"
    page: str = ""  # where the conversation was begun
    verified: bool = False
    exp: float = 0.0  # seconds since 1970

    @property
    def sender(self) -> Sender:
        return Sender(
            address=self.id,
            name=self.name,
            email=self.email,
            language=self.language,
            verified=self.verified,
        )


Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Identity(BaseModel):
    """What the host site says about its user."""

    model_config = ConfigDict(extra="ignore")

    user_id: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
    name: Line = ""
    email: Annotated[str, Field(max_length=320, pattern=r"^[^\s@]+@[^\s@]+$")] | None = None
    exp: float


class VisitorTokens:
    def __init__(self, secret: bytes, *, identity_secret: str | None) -> None:
        self._seal = Seal(secret, purpose="webchat.visitor")
        self._identity_secret = identity_secret

    def new_visitor(self, *, now: float) -> Visitor:
        return Visitor(id=secrets.token_hex(16), exp=now + KNOWN_FOR)

    def sign(self, visitor: Visitor) -> str:
        return self._seal.sign(asdict(visitor))

    def open(self, token: str, *, now: float) -> Visitor:
        """Raises Unauthenticated."""
        facts = self._seal.open(token, now=now)
        try:
            return Visitor(**facts)
        except TypeError:  # of an older version of this program
            raise Unauthenticated(code="chat.token_over") from None

    def renew(self, visitor: Visitor, *, now: float) -> Visitor:
        """A browser that keeps coming stays known; a customer's login is the host site's matter."""
        return visitor if visitor.verified else replace(visitor, exp=now + KNOWN_FOR)

    def identify(self, identity: str, *, now: float) -> Visitor:
        """The customer a host site vouches for. Raises Unauthenticated, Invalid."""
        written, _, mac = identity.partition(".")
        if not self._identity_secret:
            raise Unauthenticated(code="chat.no_identities")
        expected = hmac.digest(self._identity_secret.encode(), written.encode(), hashlib.sha256)
        if not hmac.compare_digest(mac.rstrip("=").encode(), encode(expected).encode()):
            raise Unauthenticated(code="chat.identity_signature")
        known = _identity_of(read_facts(written))
        if known.exp + SKEW <= now:
            raise Unauthenticated(code="chat.identity_expired")
        return Visitor(
            id=address_of(known.user_id),
            name=known.name,
            email=known.email,
            verified=True,
            exp=now + VERIFIED_FOR,
        )

    def is_about(self, identity: str, visitor: Visitor) -> bool:
        """Whether an identity, valid or not, claims to be this very customer."""
        try:
            known = _identity_of(read_facts(identity.partition(".")[0]))
        except ContactCenterError:
            return False
        return address_of(known.user_id) == visitor.id


def address_of(user_id: str) -> str:
    return f"user:{user_id}"


def _identity_of(facts: dict[str, Any]) -> Identity:
    if isinstance(facts.get("user_id"), int):
        facts["user_id"] = str(facts["user_id"])
    try:
        return Identity.model_validate(facts)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, e["loc"])) for e in error.errors())
        raise Invalid(code="chat.identity_fields", wrong=wrong) from None
