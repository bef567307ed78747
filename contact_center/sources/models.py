"""What the configuration says of another system that hands in messages."""

import base64
from typing import Annotated, Any, Literal, TypeAlias

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

LONGEST_EXPRESSION = 500  # characters
# Their addresses are vouched for by their networks; `webhook` is how we call others.
_OURS = ("telegram", "webchat", "webhook")

Verification = Literal["standard-webhooks", "token", "github", "stripe", "shopify", "slack"]


def _compile(expression: Any) -> Any:
    if not isinstance(expression, str) or len(expression) > LONGEST_EXPRESSION:
        raise ValueError(
            f"a JMESPath expression is a text of up to {LONGEST_EXPRESSION} characters"
        )
    try:
        return jmespath.compile(expression)
    except JMESPathError as error:
        raise ValueError(f"this is not a JMESPath expression: {error}") from error


Expression: TypeAlias = Annotated[Any, BeforeValidator(_compile)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SenderFields(_Table):
    address: Expression = None
    name: Expression = None
    email: Expression = None
    phone: Expression = None
    language: Expression = None


class Fields(_Table):
    """Where in the foreign JSON the parts of a message are found."""

    text: Expression
    sender: SenderFields
    external_id: Expression = None
    thread: Expression = None
    subject: Expression = None
    kind: Expression = None
    priority: Expression = None
    category: Expression = None
    tags: Expression = None
    facts: dict[str, Expression] = Field({}, max_length=50)


class Replies(_Table):
    """Where answers to this source's customers are handed back, as Standard Webhooks."""

    url: str = Field(max_length=2000)
    secret: SecretStr

    @field_validator("secret")
    @classmethod
    def check(cls, secret: SecretStr) -> SecretStr:
        _check_standard(secret.get_secret_value())
        return secret


class Source(_Table):
    name: str
    verify: Verification
    secrets: list[SecretStr] = Field(min_length=1, max_length=5)  # several while one is changed
    header: str | None = None  # of `token`
    channel: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")
    max_bytes: int = Field(256 * 1024, gt=0, le=5 * 1024 * 1024)
    team: str | None = None
    verified: bool = False  # this system has made sure who its customers are
    when: Expression = None
    fields: Fields
    replies: Replies | None = None  # else they are picked up over the API

    @model_validator(mode="after")
    def check(self) -> "Source":
        if self.channel in _OURS:
            raise ValueError(f"channel: {self.channel} is taken; use a name of your own, or email")
        if self.replies is not None and self.channel == "email":
            raise ValueError("replies: what is filed under email is answered by mail")
        if (self.verify == "token") != (self.header is not None):
            raise ValueError('header: name it for verify = "token", and only there')
        if self.verify == "standard-webhooks":
            for secret in self.plain_secrets:
                _check_standard(secret)
        return self

    @property
    def plain_secrets(self) -> list[str]:
        return [secret.get_secret_value() for secret in self.secrets]


def _check_standard(secret: str) -> None:
    key = secret.removeprefix("whsec_")
    try:
        long_enough = len(base64.b64decode(key + "=" * (-len(key) % 4), validate=True)) >= 16
    except ValueError:
        long_enough = False
    if key == secret or not long_enough:
        raise ValueError("a Standard Webhooks secret is whsec_ and base64 of 16+ bytes")
