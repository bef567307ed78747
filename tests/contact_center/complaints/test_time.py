"""How long a complaint may take, by the policy its ticket began with: G39 to G42."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from contact_center.accounts.models import Account, Tier
from contact_center.alerts.models import Alert
from contact_center.complaints import queries
from contact_center.complaints.actions import answers, clocks, special, watching
from contact_center.complaints.models import Stage
from contact_center.complaints.rules.stages import missing
from contact_center.errors import ContactCenterError, Forbidden
from contact_center.links import actions as links
from contact_center.messages import actions as messages
from contact_center.messages.queries import ticket_messages
from contact_center.sla.models import ClockKind, ClockState
from contact_center.sla.queries import all_clocks
from contact_center.tickets import actions as tickets
from contact_center.tickets.models import Status, TicketKind
from contact_center.tickets.queries import lock_ticket
from tests.contact_center.complaints.conftest import File
from tests.support.factories import make_customer, make_team, make_ticket
from tests.support.promises import keep_policies

CHINA = ZoneInfo("Asia/Shanghai")
PROMISES = """
[[policy]]
id = "gold"
title = { en = "Gold" }
when.tier = "A"
clocks = [{ name = "final", clock = "final_response", target = "2cd", end = "24:00" }]

[[policy]]
id = "night"
title = { en = "Night desk" }
when.team = "Night"
clocks = [{ name = "final", clock = "final_response", target = "4cd", end = "24:00" }]

[[policy]]
id = "all"
title = { en = "All" }
clocks = [{ name = "final", clock = "final_response", target = "9cd", end = "24:00" }]
"""


async def final(file):
    return next(
        c
        for c in await all_clocks(file.session, file.id)
        if c.kind is ClockKind.FINAL_RESPONSE and c.ref_id == 0
    )


async def open_under(session, clock, preset: str, at: str, **fields) -> File:
    """A complaint that came in at a local moment, where one preset holds."""
    clock.now = datetime.fromisoformat(at).astimezone(UTC)
    policies = f'[[policy]]\npreset = "{preset}"\n'
    await keep_policies(session, policies, now=clock())
    file = await File(session, clock).open(**fields)
    await file.acknowledge()
    return file


def on(file, zone: ZoneInfo, moment: datetime) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d")


async def more_time(file, until: datetime, *, by=None) -> None:
    turn = file.by(by or file.lee)
    await special.extend(file.session, file.id, until=until, reason="The lab", turn=turn)


# Whose terms


@pytest.mark.parametrize(
    ("tier", "team", "days"), [("A", "Day", 2), (None, "Night", 4), (None, "Day", 9)]
)
async def test_tier_and_team_decide_how_long_a_complaint_may_take(
    session, clock, tier, team, days
) -> None:
    clock.advance(minutes=1)
    await keep_policies(session, PROMISES, now=clock())
    customer = await make_customer(session, now=clock())
    if tier:
        account = Account(name="Acme", tier=Tier(tier), created_at=clock())
        session.add(account)
        await session.flush()
        customer.account_id = account.id
    with_team = await make_team(session, now=clock(), name=team)

    file = await File(session, clock).open(customer=customer, team_id=with_team.id)
    await file.acknowledge()

    clock_row = await final(file)
    assert clock_row.goal == f"{days}cd"


async def test_a_complaint_keeps_the_version_its_ticket_began_with(session, clock) -> None:
    clock.advance(minutes=1)
    old = await keep_policies(session, PROMISES, now=clock())
    file = await File(session, clock).open(policy_version=old.version)
    clock.advance(minutes=1)
    await keep_policies(session, PROMISES.replace("9cd", "99cd"), now=clock())

    await file.acknowledge()

    row = await final(file)
    assert (row.goal, row.policy, row.policy_version) == ("9cd", "all", old.version)


# Banks and insurers in China


async def test_g40_fifteen_days_are_extended_to_thirty_and_sixty_from_the_receipt(
    session, clock
) -> None:
    file = await open_under(session, clock, "cn_bank_insurance", "2026-09-22T10:00+08:00")
    thirty = datetime(2026, 10, 22, 15, 59, tzinfo=UTC)
    # Day 60 is Saturday 21 November; it rolls to Monday, and ends at 24:00 there.
    sixty = datetime(2026, 11, 23, 16, tzinfo=UTC)
    with pytest.raises(ContactCenterError, match="one extension after the other"):
        await more_time(file, sixty, by=file.max)

    await more_time(file, thirty)
    with pytest.raises(Forbidden, match="manager"):
        await more_time(file, sixty)
    with pytest.raises(ContactCenterError, match="from the receipt"):
        await more_time(file, sixty + timedelta(minutes=1), by=file.max)
    await more_time(file, sixty, by=file.max)

    assert (await final(file)).legal_due_at == sixty
    told = [m.text for m in await ticket_messages(session, file.id) if "The lab" in m.text]
    assert len(told) == 2


async def test_g40_an_extension_asked_for_on_day_16_is_refused(session, clock) -> None:
    file = await open_under(session, clock, "cn_bank_insurance", "2026-09-16T10:00+08:00")
    row = await final(file)
    assert on(file, CHINA, row.due_at) == "2026-09-30"
    assert row.legal_due_at == datetime(2026, 10, 8, 16, tzinfo=UTC)  # Thursday, 24:00
    until = datetime(2026, 10, 15, tzinfo=UTC)

    clock.now = datetime(2026, 10, 2, 2, tzinfo=UTC)
    with pytest.raises(ContactCenterError, match="deadline has passed"):
        await more_time(file, until)

    clock.now = row.due_at
    await more_time(file, until)


@pytest.mark.parametrize("status", ["waiting_customer", "waiting_third_party", "on_hold"])
async def test_g22_whoever_is_waited_for_the_law_waits_for_nobody(session, clock, status) -> None:
    file = await open_under(session, clock, "cn_bank_insurance", "2026-09-16T10:00+08:00")
    before = await final(file)
    dues = (before.due_at, before.legal_due_at)
    by, later = file.by(file.ann).by, clock() + timedelta(days=10)
    await messages.reply(session, file.id, text="Which account?", by=by, now=clock())
    review_at = None if status == "waiting_customer" else later
    await tickets.wait(
        session,
        file.id,
        status=Status(status),
        reason="The account",
        review_at=review_at,
        by=by,
        now=clock(),
    )

    clock.now = later
    await tickets.resume(session, file.id, by=by, now=clock())

    after = await final(file)
    assert (after.due_at, after.legal_due_at, after.consumed) == (*dues, 0)
    assert after.state is ClockState.RUNNING


async def test_g40_the_same_complaint_again_on_day_10_is_due_when_the_first_was(
    session, clock
) -> None:
    file = await open_under(session, clock, "cn_bank_insurance", "2026-09-16T10:00+08:00")
    before = await final(file)
    dues = (before.due_at, before.legal_due_at)
    assert on(file, CHINA, before.due_at) == "2026-09-30"
    clock.advance(days=10)
    again = await make_ticket(session, now=clock(), kind=TicketKind.COMPLAINT, status=Status.OPEN)
    again.customer_id = file.ticket.customer_id
    turn = file.by(file.ann)
    other = await queries.lock_case(session, again.id, procedure=turn.procedure)
    await clocks.ensure(session, other, policies=turn.policies, now=clock())

    await links.merge(session, again.id, into=file.id, by=turn.by, now=clock())

    after = await final(file)
    assert (after.due_at, after.legal_due_at) == dues
    assert not any(one.is_owed for one in await all_clocks(session, again.id))


async def test_where_no_preset_says_otherwise_more_time_is_asked_for_before_the_legal_end(
    session, clock
) -> None:
    file = await open_under(session, clock, "cn_telecom_user", "2026-09-16T10:00+08:00")
    row = await final(file)
    assert row.due_at < row.legal_due_at
    clock.now = row.legal_due_at

    await more_time(file, clock() + timedelta(days=3))

    row = await final(file)
    assert row.state is ClockState.RUNNING
    clock.now = row.legal_due_at + timedelta(seconds=1)
    with pytest.raises(ContactCenterError, match="deadline has passed"):
        await more_time(file, clock() + timedelta(days=3))


async def test_a_preset_may_leave_the_customer_out_of_it(session, clock) -> None:
    clock.advance(minutes=1)
    await keep_policies(
        session,
        """
[[policy]]
id = "quiet"
title = { en = "Quiet" }
clocks = [{ name = "final", clock = "final_response", target = "9cd", extensions = [
  { total = "20cd", notify_customer = false, before_due = false }] }]
""",
        now=clock(),
    )
    file = await File(session, clock).open()
    await file.acknowledge()
    before = await ticket_messages(session, file.id)

    await more_time(file, clock() + timedelta(days=15))

    assert len(await ticket_messages(session, file.id)) == len(before)


# Other authorities


@pytest.mark.parametrize(
    ("preset", "received", "channel", "day"),
    [
        ("cn_12345_bengbu", "2026-09-23T10:00+08:00", "phone", "2026-10-08"),
        ("cn_12345_bengbu", "2026-09-18T10:00+08:00", "phone", "2026-09-24"),
        ("cn_12345_shenzhen_dept", "2026-09-18T10:00+08:00", "phone", "2026-10-13"),
        ("uk_or_eu_psd", "2026-10-02T10:00+01:00", "phone", "2026-10-23"),
        ("us_cfpb", "2026-11-20T10:00-05:00", "phone", "2026-12-05"),
        ("au_asic_rg271", "2026-11-20T10:00+11:00", "phone", "2026-12-20"),
        ("br_sac_11034", "2026-11-20T10:00-03:00", "phone", "2026-11-27"),
        ("uk_ofcom", "2026-11-24T10:00+00:00", "phone", "2027-01-05"),
    ],
)
async def test_g41_g42_each_authority_counts_its_own_days(
    session, clock, preset, received, channel, day
) -> None:
    file = await open_under(session, clock, preset, received, channel=channel)

    row = await final(file)

    zone = datetime.fromisoformat(received).tzinfo
    last = (row.legal_due_at - timedelta(seconds=1)).astimezone(zone)
    assert last.strftime("%Y-%m-%d") == day


@pytest.mark.parametrize(
    ("preset", "received", "last", "late"),
    [
        ("uk_or_eu_psd", "2026-10-02T10:00+01:00", "2026-11-20", "2026-11-21"),
        ("us_cfpb", "2026-11-20T10:00-05:00", "2027-01-19", "2027-01-21"),
    ],
)
async def test_g41_g42_the_longest_is_counted_from_the_receipt_too(
    session, clock, preset, received, last, late
) -> None:
    file = await open_under(session, clock, preset, received)
    with pytest.raises(ContactCenterError, match="from the receipt"):
        await more_time(file, datetime.fromisoformat(f"{late}T12:00+00:00"))

    await more_time(file, datetime.fromisoformat(f"{last}T12:00+00:00"))

    assert (await final(file)).due_at == datetime.fromisoformat(f"{last}T12:00+00:00")


# The time is over


async def told(session) -> dict[int, int]:
    """Alerts about it, by whom they are for."""
    found = await session.scalars(select(Alert).where(Alert.kind == "complaint.unanswered"))
    counted: dict[int, int] = {}
    for alert in found:
        counted[alert.agent_id] = counted.get(alert.agent_id, 0) + 1
    return counted


@pytest.mark.parametrize(
    ("received", "legal", "internal"),
    [
        ("2026-10-02T10:00+01:00", "2026-11-27", "2026-11-27"),
        ("2026-11-06T10:00+00:00", "2027-01-01", "2026-12-31"),
    ],
)
async def test_g39_the_day_after_eight_weeks_owner_and_lead_hear_of_the_holding_letter(
    session, clock, received, legal, internal
) -> None:
    file = await open_under(session, clock, "uk_fca_disp", received)
    row = await final(file)
    last = row.legal_due_at - timedelta(seconds=1)
    assert (str(last.date()), str(row.due_at.date())) == (legal, internal)
    clock.now = row.legal_due_at
    await watching.tell_of_unanswered(session, now=clock())
    assert await told(session) == {}

    clock.advance(seconds=1)
    for _ in range(2):
        await watching.tell_of_unanswered(session, now=clock())
        clock.advance(hours=1)

    heard = await told(session)
    assert {file.ann.id, file.lee.id} <= heard.keys()
    assert set(heard.values()) == {1}


async def test_o7_whom_it_is_about_hears_nothing_of_its_time(session, clock) -> None:
    file = await open_under(session, clock, "uk_fca_disp", "2026-10-02T10:00+01:00")
    (await lock_ticket(session, file.id)).about_agent_id = file.lee.id
    clock.now = (await final(file)).legal_due_at + timedelta(seconds=1)

    await watching.tell_of_unanswered(session, now=clock())

    heard = await told(session)
    assert file.ann.id in heard
    assert file.lee.id not in heard


async def test_g39_the_holding_letter_tells_of_the_ombudsman_and_the_clock_stays_late(
    session, clock
) -> None:
    file = await open_under(session, clock, "uk_fca_disp", "2026-10-02T10:00+01:00")
    turn = file.by(file.ann)
    with pytest.raises(ContactCenterError, match="not over"):
        await special.hold(session, file.id, text="Wait", turn=turn)
    clock.now = (await final(file)).legal_due_at + timedelta(hours=9)

    turn = file.by(file.ann)
    case = await special.hold(session, file.id, text="The ombudsman is open to you", turn=turn)

    assert case.complaint.informed_external_at == clock()
    texts = [m.text for m in await ticket_messages(session, file.id)]
    assert "The ombudsman is open to you" in texts
    assert (await final(file)).is_owed
    await watching.tell_of_unanswered(session, now=clock())
    assert await told(session) == {}
    with pytest.raises(ContactCenterError, match="told already"):
        await special.hold(session, file.id, text="Again", turn=turn)


async def test_who_had_a_holding_letter_is_told_of_the_bodies_with_the_response_again(
    session, clock
) -> None:
    file = await open_under(session, clock, "iso10002_baseline", "2026-10-02T10:00+01:00")
    clock.now = (await final(file)).legal_due_at + timedelta(hours=9)
    await special.hold(session, file.id, text="Wait, or ask others", turn=file.by(file.ann))
    clock.advance(hours=1)
    await file.assess()
    await file.decide()
    procedure = file.by(file.ann).procedure
    await file.respond(contents=procedure.needed(["decision", "reasons"], "upheld"))
    await file.answer(accepted=False)

    assert "alternatives_external" in missing(
        await queries.case_of(session, file.ticket), Stage.CLOSED
    )

    await answers.inform(
        session,
        file.id,
        text="Others may help",
        internal=True,
        external=True,
        turn=file.by(file.ann),
    )
    assert "alternatives_external" not in missing(
        await queries.case_of(session, file.ticket), Stage.CLOSED
    )


async def test_g39_an_answered_complaint_needs_no_holding_letter(session, clock) -> None:
    file = await open_under(session, clock, "uk_fca_disp", "2026-10-02T10:00+01:00")
    await file.assess()
    await file.decide()
    await file.respond()
    clock.now = (await final(file)).legal_due_at + timedelta(days=1)

    await watching.tell_of_unanswered(session, now=clock())

    assert await told(session) == {}
