"""Errors as people at the desk read them, in their language."""

import re
from urllib.parse import quote

from aiohttp import web

from contact_center.closure.models import Need, NotReady
from contact_center.desk.render import go_to, is_partial, page, reader_of
from contact_center.desk.words import FALLBACK, WORDS, name_of, say
from contact_center.errors import ContactCenterError, Unauthenticated
from contact_center.web.call import Call
from contact_center.web.problems import BadRequest, response_for

# What the service says in English, and the key of the desk's own words for it.
_SAID: tuple[tuple[str, str], ...] = (
    (r"(?P<ref>T-\d+) waits for an answer to another request.*", "one_request"),
    (r"(?P<ref>T-\d+) has changed hands meanwhile.*", "overtaken"),
    (r"this request (is \w+ already|has expired.*)", "request_over"),
    (r"only who was asked answers this request", "not_asked"),
    (r"only who has asked takes it back.*", "not_the_asker"),
    (r"say why you decline", "say_why_decline"),
    (r"only the owner of (?P<ref>T-\d+) hands it over.*", "owner_gives"),
    (r"say why it is taken from who has it", "say_why_override"),
    (r"name a new owner.*", "name_new"),
    (r"say why it is a complaint about .*", "say_why_about"),
    (r"(?P<name>.+) still answers for (?P<text>.+): hand it over first", "responsible"),
    (r"write down what was said", "say_what"),
    (r"say who it was: .*", "say_who"),
    (r"write a note for who takes over", "needs_note"),
    (r"(?P<name>.+) is absent: (?P<other>.+) stands in", "absent"),
    (r"(?P<name>.+) is absent, and nobody stands in", "absent_alone"),
    (r"a chain of deputies must not .*", "chain"),
    (r"nobody stands in for themselves.*", "own_deputy"),
    (r"say who stands in for (?P<name>.+)", "say_deputy"),
    (r"an absence ends after it begins.*", "absence_times"),
    (r"an absence is planned for that time already.*", "absence_overlaps"),
    (r"this absence is over", "absence_over"),
    (r"an absence lasts (?P<n>\d+) days at most", "absence_long"),
    (r"say from when, and until when", "say_when"),
    (r"(?P<ref>T-\d+) is a complaint about you.*", "about_you"),
    (r"(?P<ref>T-\d+) is a complaint about that agent.*", "recused"),
    (r"(?P<ref>T-\d+) is with somebody: say why .*", "say_why_taken"),
    (r"(?P<ref>T-\d+) is with somebody else: .*", "not_yours"),
    (r"(?P<ref>T-\d+) is with (?P<name>.+)", "with"),
    (r"(?P<ref>T-\d+) has been answered: transfer it.*", "answered"),
    (r"(?P<ref>T-\d+) is (?P<status>\w+): .*", "status"),
    (r"(?P<ref>T-\d+) waits for us: .*", "waits_for_us"),
    (r"no department has been asked for anything on (?P<ref>T-\d+).*", "no_department"),
    (r"(?P<ref>T-\d+) has no answer yet: .*", "no_answer"),
    (r"(?P<ref>T-\d+) has changed since version .*", "stale"),
    (r"(?P<ref>T-\d+) is with that agent already", "same_agent"),
    (r"there is no ticket (?P<ref>T-\d+)", "no_ticket"),
    (r"(?P<ref>T-\d+) and (?P<other>T-\d+) are linked already", "linked"),
    (r"the tickets belong to different customers", "customers_differ"),
    (r"one of the tickets is a complaint about a colleague.*", "one_about"),
    (r"a ticket cannot be (linked to|merged into) itself", "itself"),
    (r"choose messages of (?P<ref>T-\d+)", "choose_messages"),
    (r"leave at least one message on (?P<ref>T-\d+)", "leave_one"),
    (r"say until when: a time in the future", "until_when"),
    (r"say what we wait for, or .*", "wait_what"),
    (r"(?P<n>\d+) business days at most: look at it again on (?P<date>\S+) .*", "wait_long"),
    (r"say why the ticket is cancelled", "say_why"),
    (r"the customer has been answered: it stays a complaint", "stays_complaint"),
    (r"say why the redress is not given", "say_why_redress"),
    (r"a lead takes back redress .*", "redress_lead"),
    (r"the (answer|note) is empty", "empty"),
    (r"the file is larger than (?P<size>\d+) bytes", "file_size"),
    (r"at most (?P<n>\d+) files go with one message", "files"),
    (r"a message has at most (?P<n>\d+) characters", "long"),
    (r"(?P<text>'.*') is not a ticket: .*", "not_a_ticket"),
    (r"(?P<text>'.*') is not a time zone: .*", "time_zone"),
    (r"(?P<text>'.*') is not a mail address", "mail_address"),
    (r"somebody with this mail address is here already", "mail_taken"),
    (r"there is a team (?P<text>'.*') already", "team_taken"),
    (r"there is a canned reply (?P<text>\S+) already.*", "shortcut_taken"),
    (r"a shortcut has letters, digits and dashes.*", "shortcut"),
    (r"the offer of (?P<text>\S+) was \w+ already", "offer_answered"),
    (r"the offer of (?P<text>\S+) has run out: .*", "offer_over"),
    (r"this was offered to somebody else: .*", "offer_elsewhere"),
    (r"the current password is wrong", "password"),
    (r"too many failed attempts: .*", "attempts"),
    (r"This is the last active administrator: .*", "last_admin"),
    (r"(?P<name>.+) no longer works here: .*", "left"),
    (r"you need the permission (?P<text>.+)", "forbidden"),
    (r"(?P<ref>W-\d+) is (?P<status>\w+): it cannot become \w+", "order_state"),
    (r"(?P<ref>W-\d+) is for another team: .*", "other_team"),
    (r"(?P<ref>W-\d+): a lead of who answers for .*", "extension_lead"),
    (r"(?P<ref>W-\d+) is with a colleague: .*", "order_not_yours"),
    (r"(?P<ref>W-\d+) is with that agent already", "order_theirs"),
    (r"(?P<ref>W-\d+) is (?P<status>\w+): nobody has it .*", "order_nobody"),
    (r"(?P<name>.+) is in another team than (?P<ref>W-\d+)", "order_other_team"),
    (r"choose a colleague", "choose_colleague"),
    (r"(?P<ref>W-\d+) was to be signed by .*", "return_late"),
    (r"(?P<ref>W-\d+) was due .*: an extension.*", "extension_late"),
    (r"(?P<ref>W-\d+) has had its extension: .*", "extension_once"),
    (r"(?P<ref>W-\d+) has been returned \d+ times: .*", "lead_decides"),
    (r"(?P<ref>W-\d+) is a field visit: .*", "arrive_first"),
    (r"only who answers for (?P<ref>T-\d+) can do this: .*", "only_owner"),
    (r"a promise is for the future: .*", "promise_past"),
    (r"the promise was for .*: it is broken", "promise_broken"),
    (r"an extension ends later .*", "extension_longer"),
    (r"a field visit needs a place.*", "visit_needs"),
    (r"delivery \d+ is \w+: only a dead one is retried", "not_dead"),
    (r"message \d+ is no longer in quarantine", "released"),
    (r"what is left of message \d+ cannot be handed in: .*", "discard_it"),
)
_PATTERNS = tuple((re.compile(pattern, re.S), key) for pattern, key in _SAID)


def explain(error: Exception, language: str) -> str:
    """The desk's own words, else the service's, which are English."""
    if isinstance(error, BadRequest):
        return _explain_form(error, language)
    if not isinstance(error, ContactCenterError):
        return ""
    if isinstance(error, NotReady):
        return say(language, "problem.not_ready")
    message = str(error)
    if (said := _said(message, language)) is not None:
        return said
    key = f"problem.{type(error).__name__}"
    if language != FALLBACK and key in WORDS.keys(language):
        return say(language, key)
    return message[:1].upper() + message[1:]


def _said(message: str, language: str) -> str | None:
    for pattern, key in _PATTERNS:
        if (match := pattern.fullmatch(message)) is not None:
            values = match.groupdict()
            if "status" in values:
                section = "work_order_state" if key.startswith("order_") else "status"
                values["status"] = name_of(language, section, values["status"])
            if "size" in values:
                values["size"] = str(int(values["size"]) // (1024 * 1024))
            return say(language, f"problem.{key}", **values)
    return None


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
    names = [
        name_of(language, "field", (detail.pointer or detail.parameter or "").strip("#/"))
        for detail in error.details or ()
    ]
    if not names:
        return say(language, "problem.form")
    return say(language, "problem.fields", names=", ".join(dict.fromkeys(names)))


async def show_problem(call: Call, error: Exception) -> web.StreamResponse | None:
    """A page, or a line in the page; None for what is none of the desk's business."""
    if not call.request.path.startswith("/desk"):
        return None
    if isinstance(error, Unauthenticated):
        here = call.request.rel_url
        if is_partial(call) or call.request.method != "GET":
            return _no_longer(call)
        return go_to(call, f"/desk/login?next={quote(str(here), safe='')}")
    plain = response_for(error, request_id=call.request_id)  # which logs what nobody expected
    language = reader_of(call).language
    reason = explain(error, language) or name_of(language, "problem", plain.status)
    if reason == str(plain.status):
        reason = say(language, "problem.unexpected", request_id=call.request_id)
    template = "problem_line.html" if is_partial(call) else "problem.html"
    missing = missing_in(error, language)
    shown = page(call, template, status=plain.status, reason=reason, missing=missing)
    shown.headers.update({k: v for k, v in plain.headers.items() if k == "Retry-After"})
    return shown


def _no_longer(call: Call) -> web.Response:
    return web.Response(status=401, headers={"HX-Redirect": "/desk/login"})
