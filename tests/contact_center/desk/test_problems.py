"""Errors as people at the desk read them."""

from datetime import UTC, datetime

import pytest

from contact_center.complaints.models import Stage
from contact_center.complaints.rules.stages import StepRefused
from contact_center.desk.problems import explain
from contact_center.desk.render import Reader
from contact_center.errors import Conflict, Forbidden, Invalid
from contact_center.procedure import Content
from contact_center.tickets.models import IllegalTransition, Status
from contact_center.web.problems import BadRequest, Detail

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
LI = Reader(language="zh", time_zone="Asia/Shanghai", now=NOW)
ANN = Reader(language="en", time_zone="Europe/Berlin", now=NOW)
CONTENTS = {"findings": Content(en="what was found", zh="调查结果")}


def told(error: Exception, reader: Reader) -> str:
    return explain(error, reader, contents=CONTENTS)


def test_a_state_is_named_in_the_readers_language() -> None:
    error = IllegalTransition(
        code="ticket.cannot_claim", reference="T-000001", status=Status.QUEUED
    )
    assert told(error, ANN) == "T-000001 is Unclaimed: it cannot be claimed."
    assert "“待认领”" in told(error, LI)


def test_a_time_is_told_in_the_readers_zone() -> None:
    error = Conflict(code="promise.broken", due_at=datetime(2026, 3, 2, 7, 30, tzinfo=UTC))
    assert told(error, ANN) == "The promise was for 08:30: it is broken."
    assert "15:30" in told(error, LI)
    assert str(error) == "the promise was for 2026-03-02 07:30 UTC: it is broken"


def test_what_a_complaint_lacks_is_named() -> None:
    lacks = ["owner", "content.findings"]
    error = StepRefused(
        code="complaint.lacks", reference="T-000001", to=Stage.RESPONDED, missing=lacks
    )
    assert told(error, LI) == "T-000001 还不能进入“已答复”，尚缺：负责人, 调查结果。"
    assert "what was found" in told(error, ANN)


def test_a_missing_permission_is_told_in_words() -> None:
    error = Forbidden(code="request.permission", permission="deliveries:retry")
    assert told(error, LI) == "您没有“重新发送”的权限，请联系组长或管理员。"


def test_a_form_that_cannot_be_read_is_told_by_its_code() -> None:
    assert told(BadRequest(400, code="form.unreadable"), LI) == "表单无法读取，请刷新页面。"


@pytest.mark.parametrize(
    ("reader", "said"), [(ANN, "Calendars: no zone."), (LI, "输入的内容无效。")]
)
def test_words_of_its_own_are_for_who_reads_english(reader: Reader, said: str) -> None:
    assert told(Invalid("calendars: no zone"), reader) == said


def test_a_form_names_what_is_not_there_and_what_is_wrong() -> None:
    details = [
        Detail(detail="Field required", code="missing", pointer="#/ends_at"),
        Detail(detail="Input should be 1 to 5", code="enum", pointer="#/skills/0"),
        Detail(detail="Input should be 1 to 5", code="enum", pointer="#/skills/1"),
    ]
    error = BadRequest(422, code="request.form", details=details)
    assert told(error, LI) == "请填写：结束时间。 请检查：技能。"
    assert told(error, ANN) == "Please fill in: until. Please check: skills."
