"""What the forms of a complaint's page send."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import BaseModel, Field

from contact_center.channels.base import LONGEST_TEXT
from contact_center.complaints.models import EvidenceKind, Outcome, RedressKind
from contact_center.desk.times import local_time
from contact_center.errors import Invalid
from contact_center.web.arguments import Id
from contact_center.web.call import Call

Text = Annotated[str, Field(max_length=10_000)]
Short = Annotated[str, Field(max_length=200)]
Local = Annotated[str, Field(max_length=40)]  # as a browser's field gives it


class AcknowledgeForm(BaseModel):
    next_step: Text = ""
    next_at: Local = ""


class AssessForm(BaseModel):
    severity: int
    safety: int
    complexity: int
    impact: int
    urgency: int


class HandlerForm(BaseModel):
    handler: Id | None = None


class EvidenceForm(BaseModel):
    kind: EvidenceKind
    text: Text = ""


class CauseForm(BaseModel):
    root_cause: Short
    findings: Text = ""


class DecideForm(BaseModel):
    outcome: Outcome
    reasons: Text = ""


class ReasonForm(BaseModel):
    reason: Text = ""


class RespondForm(BaseModel):
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    contents: list[Short] = []


class HoldForm(BaseModel):
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""


class AnswerForm(BaseModel):
    accepted: bool
    channel: Short = ""
    quote: Text = ""


class InformForm(BaseModel):
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    internal: bool = False
    external: bool = False


class WithdrawForm(BaseModel):
    channel: Short = ""
    quote: Text = ""


class ExtendForm(BaseModel):
    until: Local = ""
    reason: Text = ""


class EscalateForm(BaseModel):
    body: Short = ""
    reference: Short = ""


class RedressForm(BaseModel):
    kind: RedressKind
    amount: Annotated[str, Field(max_length=20)] = ""
    description: Text = ""


def moment_of(call: Call, text: str) -> datetime:
    moment = local_time(text, zone=call.agent.time_zone)
    if moment is None:
        raise Invalid(code="form.say_when")
    return moment


def hundredths_of(text: str) -> int:
    try:
        amount = Decimal(text.strip().replace(",", "") or "0") * 100
    except InvalidOperation:
        raise Invalid(code="form.not_an_amount", text=text) from None
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise Invalid(code="form.not_an_amount", text=text)
    return int(amount)
