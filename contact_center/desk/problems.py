"""Errors as people at the desk read them, in their language."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any
from urllib.parse import quote

from aiohttp import web

from contact_center.closure.models import Need, NotReady
from contact_center.complaints.models import ActionState, RedressState, Stage
from contact_center.deliveries.models import DeliveryStatus
from contact_center.desk.render import Reader, go_to, is_partial, page, reader_of
from contact_center.desk.times import when, zone_of
from contact_center.desk.words import FALLBACK, name_of, say
from contact_center.errors import ContactCenterError, Unauthenticated, plain
from contact_center.handovers.models import HandoverState
from contact_center.links.models import LinkKind
from contact_center.procedure import Code, Content
from contact_center.promises.models import PromiseState
from contact_center.routing.models import OfferState
from contact_center.sla.models import ClockKind
from contact_center.tickets.models import Status
from contact_center.web.call import Call
from contact_center.web.problems import BadRequest, response_for
from contact_center.work_orders.models import WorkOrderState

# The section of the desk's words for what a fact holds: by its type, else by its name.
_BY_TYPE: dict[type[StrEnum], str] = {
    ActionState: "corrective",
    ClockKind: "clock",
    DeliveryStatus: "delivery_state",
    HandoverState: "handover_state",
    LinkKind: "link",
    OfferState: "offer",
    PromiseState: "promise_state",
    RedressState: "redress_state",
    Stage: "stage",
    Status: "status",
    WorkOrderState: "work_order_state",
}
_BY_NAME = {
    "channel": "channel",
    "listed": "held",
    "part": "corrective",
    "permission": "permission",
    "role": "role",
    "score_name": "score",
    "scores": "score",
}


_NOT_THERE = {"missing", "string_too_short", "too_short"}  # as pydantic calls it


def explain(error: Exception, reader: Reader, *, contents: Mapping[Code, Content]) -> str:
    """What is wrong, in the reader's words and zone; nothing for what is not ours."""
    if isinstance(error, BadRequest) and error.details:
        return _explain_form(error, reader.language)
    if not isinstance(error, ContactCenterError):
        return ""
    if isinstance(error, NotReady):
        return say(reader.language, "problem.not_ready")
    if error.message is not None and reader.language == FALLBACK:
        return _sentence(error.message)
    return _sentence(error.say(reader.language, show=partial(_show, reader, contents)))


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "。", "：")) else f"{text}."


def _show(reader: Reader, contents: Mapping[Code, Content], name: str, value: Any) -> object:
    """A fact as it stands within a sentence."""
    language = reader.language
    if name in ("missing", "contents"):
        return plain(name, [_lacking(language, contents, one) for one in value])
    if isinstance(value, datetime):
        return when(value, now=reader.now, zone=zone_of(reader.time_zone), language=language)
    section = _BY_TYPE.get(type(value)) or _BY_NAME.get(name)
    if section is None:
        return plain(name, value)
    if isinstance(value, dict):
        listed = {name_of(language, section, key): one for key, one in value.items()}
        return plain(name, listed)
    if isinstance(value, list):
        return plain(name, [name_of(language, section, one) for one in value])
    return name_of(language, section, value)


def _lacking(language: str, contents: Mapping[Code, Content], code: str) -> str:
    """What a complaint lacks: a content of its letter, or something of its file."""
    content = contents.get(code.removeprefix("content."))
    return content.text(language) if content else name_of(language, "complaint_lacks", code)


# Where on the ticket's page something can be done.
_PLACES = {
    Need.ANSWER: "#composer",
    Need.FINAL_ANSWER: "#composer",
    Need.PROMISE: "#promises",
    Need.COMPLAINT_RESPONSE: "#complaint",
    Need.COMPLAINT_OUTCOME: "#complaint",
}


def missing_in(error: Exception, language: str) -> list[tuple[str, str]]:
    """What a ticket lacks, each with its place on the page."""
    if not isinstance(error, NotReady):
        return []
    found = []
    for one in error.facts["missing"]:
        words = say(language, f"missing.{one['need']}", reference=one.get("reference", ""))
        order = one.get("work_order_id")
        found.append((words, f"#w-{order}" if order else _PLACES.get(Need(one["need"]), "#head")))
    return found


def _explain_form(error: BadRequest, language: str) -> str:
    """What is not there, and what is wrong, by the names the page gives them."""
    missing, wrong = dict[str, None](), dict[str, None]()
    for detail in error.details or ():
        field = (detail.pointer or detail.parameter or "").strip("#/").partition("/")[0]
        listed = missing if detail.code in _NOT_THERE else wrong
        listed[name_of(language, "field", field)] = None
    said = [
        say(language, f"problem.{key}", names=", ".join(names))
        for key, names in (("missing", missing), ("fields", wrong))
        if names
    ]
    return " ".join(said)


async def show_problem(call: Call, error: Exception) -> web.StreamResponse | None:
    """A page, or a line in the page; None for what is none of the desk's business."""
    if not call.request.path.startswith("/desk"):
        return None
    if isinstance(error, Unauthenticated):
        here = call.request.rel_url
        if is_partial(call) or call.request.method != "GET":
            return _no_longer(call)
        return go_to(call, f"/desk/login?next={quote(str(here), safe='')}")
    answer = response_for(error, request_id=call.request_id)  # which logs what nobody expected
    reader, contents = reader_of(call), call.runtime.procedure.contents
    language = reader.language
    reason = explain(error, reader, contents=contents) or name_of(
        language, "problem", answer.status
    )
    if reason == str(answer.status):
        reason = say(language, "problem.unexpected", request_id=call.request_id)
    template = "problem_line.html" if is_partial(call) else "problem.html"
    missing = missing_in(error, language)
    shown = page(call, template, status=answer.status, reason=reason, missing=missing)
    shown.headers.update({k: v for k, v in answer.headers.items() if k == "Retry-After"})
    return shown


def _no_longer(call: Call) -> web.Response:
    return web.Response(status=401, headers={"HX-Redirect": "/desk/login"})
