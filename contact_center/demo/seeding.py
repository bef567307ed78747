"""Fills an empty database with a month in the life of a small tea shop."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.channels.base import Inbound, Sender
from contact_center.customers.queries import find_identities, get_customer
from contact_center.db import Database
from contact_center.demo import people, queries
from contact_center.demo.cases import Case
from contact_center.demo.people import CHINESE, COMPLAINTS, SERVICE, Buyer, Staff
from contact_center.demo.performing import Performance
from contact_center.demo.plots import DIALOGUES, Beat, Do, Stage, plot
from contact_center.demo.recording import FILE, load
from contact_center.demo.scenes import Scenes
from contact_center.demo.stories import Story, content_in, tell
from contact_center.errors import Conflict
from contact_center.intake.actions.taking import Intake
from contact_center.sla.actions import versions
from contact_center.web.passwords import Passwords

DAYS = 30
A_DAY = (15, 7)  # requests on a working day, and at a weekend
SEED = 2026
LONGEST_OPEN = timedelta(days=4)  # what is open today began within it
LONGEST_STORY = timedelta(days=8)

# Today's open work: how far, how many, and the minutes since the last thing happened.
OPEN = (
    (Stage.GREETED, 2, (2, 20)),
    (Stage.QUEUED, 7, (1, 45)),
    (Stage.QUEUED, 3, (66, 150)),
    (Stage.CLAIMED, 4, (1, 25)),
    (Stage.REPLIED, 6, (2, 50)),
    (Stage.WAITING, 5, (20, 300)),
    (Stage.DEPARTMENT, 3, (60, 900)),
    (Stage.PARTNER, 2, (200, 1500)),
    (Stage.HELD, 2, (300, 2000)),
    (Stage.SENT_BACK, 2, (8, 60)),
    (Stage.ASKED, 5, (5, 500)),
)


@dataclass(kw_only=True)
class Casting:
    """Finds somebody for every story."""

    staff: Staff
    buyers: list[Buyer]
    random: Random
    now: datetime

    def case(self, start: datetime, *, stage: Stage, buyer: Buyer | None = None) -> Case:
        buyer = buyer or self._buyer(start, stage)
        story = self._story(buyer.language, stage)
        team = _team(story, buyer)
        answering = self.staff.of_team(team)
        who, colleague = self.random.sample(answering, 2)
        telling = tell(
            story,
            language=buyer.language,
            name=buyer.called or ("您" if buyer.language == "zh" else "there"),
            company=buyer.company or people.ACCOUNTS[0][0],
            agent=who.name.split()[0],
            at=start,
            random=self.random,
        )
        beats = plot(telling, channel=buyer.channel, stage=stage, random=self.random)
        in_chat = buyer.channel in DIALOGUES
        thread = buyer.sender.address if in_chat else f"thread-{self.random.getrandbits(64):016x}"
        case = Case(telling, buyer, who, start, beats, thread, colleague=colleague)
        buyer.busy_until = case.end
        return case

    def _buyer(self, start: datetime, stage: Stage) -> Buyer:
        """One in four is a stranger in the chat window."""
        free = [buyer for buyer in self.buyers if self._is_free(buyer, start, stage)]
        if not free or self.random.random() < 0.25 or stage is Stage.GREETED:
            language = "zh" if self.random.random() < 0.4 else "en"
            return people.stranger(language=language, random=self.random)
        return self.random.choice(free)

    def _is_free(self, buyer: Buyer, start: datetime, stage: Stage) -> bool:
        """A chat talks about one thing at a time, and Telegram is not connected in the demo."""
        if stage is not Stage.OVER:
            start -= LONGEST_OPEN
        if buyer.channel == "telegram" and start > self.now - LONGEST_STORY:
            return False
        is_alone = buyer.channel not in DIALOGUES or buyer.busy_until is None
        return is_alone or (buyer.busy_until is not None and buyer.busy_until < start)

    def _story(self, language: str, stage: Stage) -> Story:
        stories = content_in(language).story
        if stage in (Stage.OVER, Stage.QUEUED):
            fitting = stories
        else:
            fitting = [s for s in stories if not s.cancel and s.kind in ("inquiry", "complaint")]
        if stage is Stage.REPLIED:
            fitting = [s for s in fitting if any(line.startswith("c") for line in s.talk)]
        return self.random.choice(fitting)


async def seed(db: Database, *, now: datetime) -> int:
    """All or nothing; how many tickets there are. Raises Conflict where somebody works already."""
    async with _filling(db) as (session, password_hash):
        await load(session, FILE.read_bytes(), password_hash=password_hash, now=now)
        await queries.mark_alerts_as_sent(session)
        return await queries.count_tickets(session)


async def play(intake: Intake, *, now: datetime, days: int = DAYS) -> None:
    """What `seed` loads, made by the real actions. Raises Conflict."""
    async with _filling(intake.db) as (session, password_hash):
        await _fill(session, intake, password_hash=password_hash, now=now, days=days)


@asynccontextmanager
async def _filling(db: Database) -> AsyncIterator[tuple[AsyncSession, str]]:
    """A transaction on an empty database, and the hash of everybody's password."""
    passwords = Passwords()
    try:
        password_hash = await passwords.hash(people.PASSWORD)
    finally:
        passwords.close()
    async with db.begin() as session:
        if not await queries.is_empty(session):
            raise Conflict("the database is not empty: demo data would mix with what is there")
        yield session, password_hash


async def _fill(
    session: AsyncSession, intake: Intake, *, password_hash: str, now: datetime, days: int
) -> None:
    random = Random(SEED)  # noqa: S311  the same stories every time
    opening_day = now - timedelta(days=days + 1)
    policies = intake.policies
    await versions.keep(session, calendars=policies.calendars, policies=policies, now=opening_day)
    staff = await people.hire(session, password_hash=password_hash, now=opening_day)
    await people.stock_replies(session, staff, now=opening_day)
    accounts = people.open_accounts(session, staff, now=opening_day)
    await session.flush()
    buyers = people.buyers(random)
    casting = Casting(staff=staff, buyers=buyers, random=random, now=now)
    show = Performance(session=session, intake=intake, staff=staff, random=random)
    cases = [*_past(casting, days=days), *_present(casting)]
    for case in [*cases, *_same_thing_twice(casting), *_two_things_at_once(casting)]:
        show.add(case)
    await show.run(until=now)
    await Scenes(show=show, cases=cases, now=now).play()
    await _spoil(session, intake, cases, now=now)
    await _name_companies(session, buyers, {name: a.id for name, a in accounts.items()})
    await session.flush()
    await queries.send_all(session)
    await queries.mark_answered_as_read(session)
    await queries.mark_old_alerts_as_read(session, before=now - timedelta(hours=20))


def _past(casting: Casting, *, days: int) -> Iterator[Case]:
    """In the order of time, so that somebody who is asked about one thing is not about another."""
    random, now = casting.random, casting.now
    starts = []
    for ago in range(days, 0, -1):
        day = (now - timedelta(days=ago)).replace(hour=0, minute=0, second=0, microsecond=0)
        for _ in range(A_DAY[day.weekday() >= 5]):
            hour = random.choices((8, 9, 11, 13, 15, 17, 20), (3, 4, 4, 3, 4, 3, 1))[0]
            starts.append(day + timedelta(hours=hour, minutes=random.uniform(0, 120)))
    for start in sorted(starts):
        if start < now - timedelta(hours=3):
            yield casting.case(start, stage=Stage.OVER)


def _present(casting: Casting) -> Iterator[Case]:
    for stage, number, (least, most) in OPEN:
        for _ in range(number):
            case = casting.case(casting.now, stage=stage)
            ago = timedelta(minutes=casting.random.uniform(least, most))
            case.start = casting.now - ago - case.beats[-1].after
            yield case


def _same_thing_twice(casting: Casting) -> Iterator[Case]:
    """People who write a second mail instead of answering; their tickets are merged."""
    writers = [buyer for buyer in casting.buyers if buyer.channel == "email"][:3]
    for writer, hours in zip(writers, (2, 30, 54), strict=True):
        start = casting.now - timedelta(hours=hours)
        first = casting.case(start, stage=Stage.WAITING, buyer=writer)
        reminder = first.telling.fill(casting.random.choice(first.telling.content.reminder))
        yield first
        yield replace(
            first,
            start=first.end + timedelta(minutes=6),
            thread=first.thread + "-again",
            beats=[
                Beat(timedelta(), Do.SAY, reminder),
                Beat(timedelta(minutes=9), Do.MERGE),
            ],
            message_ids=[],
            watched=set(),
            into=first,
        )


def _two_things_at_once(casting: Casting) -> Iterator[Case]:
    """People who ask something else in the same mail thread; the agent splits it off."""
    writers = [buyer for buyer in casting.buyers if buyer.channel == "email"][3:5]
    for writer, hours in zip(writers, (9, 28), strict=True):
        start = casting.now - timedelta(hours=hours)
        case = casting.case(start, stage=Stage.REPLIED, buyer=writer)
        anyhow = casting.random.choice(case.telling.content.anyhow)
        case.beats = [
            *case.beats,
            Beat(case.beats[-1].after + timedelta(minutes=11), Do.SPLIT, anyhow),
        ]
        yield case


async def _spoil(
    session: AsyncSession, intake: Intake, cases: list[Case], *, now: datetime
) -> None:
    """What goes wrong: mail that cannot be delivered, and messages nobody can make sense of."""
    waiting = [c for c in cases if c.buyer.channel == "email" and c.ticket_id and c.end < now]
    reasons = (
        (1, "550 5.1.1 The mail account does not exist"),
        (12, "given up after 12 attempts: 451 4.7.1 Greylisted, try again later"),
    )
    for case, (attempts, error) in zip(waiting[-2:], reasons, strict=True):
        await queries.give_up_on_last_reply(session, case.ticket_id, attempts=attempts, error=error)
    nobody = Inbound(
        channel="demo-shop",
        external_id="order-note-4711",
        sender=Sender(address="", name="Guest checkout"),
        thread="order-4711",
        text="Please leave the parcel with the neighbours in number 12.",
    )
    nothing = Inbound(
        channel="api",
        external_id="till-2-000318",
        sender=Sender(address="till-2", name="Till 2"),
        thread="till-2",
        text="",
    )
    for broken, ago in ((nobody, timedelta(hours=26)), (nothing, timedelta(hours=3))):
        await intake.receive(session, [broken], now=now - ago)


async def _name_companies(
    session: AsyncSession, buyers: list[Buyer], accounts: dict[str, int]
) -> None:
    for buyer in buyers:
        if not buyer.company:
            continue
        known = await find_identities(
            session, channel=buyer.channel, addresses=[buyer.sender.address]
        )
        for _, customer_id in known.values():
            customer = await get_customer(session, customer_id)
            customer.account_id = accounts[buyer.company]


def _team(story: Story, buyer: Buyer) -> str:
    """As routing.toml has it, once people have sorted it."""
    if story.is_complaint and buyer.language == "en":
        return COMPLAINTS
    return CHINESE if buyer.language == "zh" else SERVICE
