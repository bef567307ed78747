"""Who works in the demo shop, and who buys there. All of them are made up."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.accounts.models import Account, Tier
from contact_center.agents import actions as agents
from contact_center.agents.models import Agent, Presence, Role, Team
from contact_center.channels.base import Sender
from contact_center.demo.stories import LANGUAGES, content_in
from contact_center.events.rules import SYSTEM
from contact_center.knowledge.actions import add_canned_reply

PASSWORD = "tea-and-patience"  # noqa: S105  everybody may know it: it opens demo data only
DOMAIN = "leaf-and-kettle.example"
COMPLAINTS, CHINESE, SERVICE = "Complaints", "Service 中文", "Service"  # as in routing.toml
BILLING, WAREHOUSE = "Billing", "Warehouse"  # departments: they get work orders, not customers


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    email: str
    name: str
    teams: tuple[str, ...]
    role: Role = Role.AGENT
    languages: tuple[str, ...] = ("en",)
    skills: tuple[str, ...] = ()
    language: str = "en"
    time_zone: str = "Europe/London"
    presence: Presence = Presence.ONLINE
    digest_hour: int | None = None

    @property
    def address(self) -> str:
        return f"{self.email}@{DOMAIN}"


STAFF = (
    Colleague(
        email="agent",
        name="Emma Clarke",
        teams=(SERVICE, COMPLAINTS, BILLING),
        languages=("en", "de"),
        skills=("refunds", "devices"),
    ),
    Colleague(
        email="agent.zh",
        name="王小雨",
        teams=(CHINESE, WAREHOUSE),
        languages=("zh", "en"),
        skills=("refunds", "devices"),
        language="zh",
        time_zone="Asia/Shanghai",
    ),
    Colleague(
        email="lead",
        name="Priya Natarajan",
        teams=(SERVICE, COMPLAINTS),
        role=Role.LEAD,
        skills=("complaints",),
        digest_hour=8,
    ),
    Colleague(
        email="lead.zh",
        name="陈静",
        teams=(CHINESE, COMPLAINTS),
        role=Role.LEAD,
        languages=("zh", "en"),
        skills=("complaints", "business"),
        language="zh",
        time_zone="Asia/Shanghai",
        digest_hour=9,
    ),
    Colleague(
        email="manager",
        name="Helen Fischer",
        teams=(SERVICE, CHINESE, COMPLAINTS),
        role=Role.MANAGER,
        languages=("en", "de"),
        digest_hour=8,
    ),
    Colleague(
        email="admin",
        name="Jonas Berg",
        teams=(),
        role=Role.ADMIN,
        presence=Presence.AWAY,
    ),
    Colleague(
        email="tom.okafor",
        name="Tom Okafor",
        teams=(SERVICE,),
        skills=("delivery", "account"),
    ),
    Colleague(
        email="sofia.rossi",
        name="Sofia Rossi",
        teams=(SERVICE, COMPLAINTS),
        languages=("en", "it"),
        skills=("invoices", "business"),
        presence=Presence.AWAY,
    ),
    Colleague(
        email="lukas.maier",
        name="Lukas Maier",
        teams=(SERVICE,),
        languages=("en", "de"),
        skills=("devices",),
        presence=Presence.OFFLINE,
    ),
    Colleague(
        email="liu.yang",
        name="刘洋",
        teams=(CHINESE,),
        languages=("zh",),
        skills=("delivery", "invoices"),
        language="zh",
        time_zone="Asia/Shanghai",
    ),
    Colleague(
        email="marta.nowak",
        name="Marta Nowak",
        teams=(BILLING,),
    ),
    Colleague(
        email="omar.haddad",
        name="Omar Haddad",
        teams=(WAREHOUSE,),
    ),
    Colleague(
        email="zhang.wei",
        name="张伟",
        teams=(CHINESE, COMPLAINTS),
        languages=("zh", "en"),
        skills=("devices", "complaints"),
        language="zh",
        time_zone="Asia/Shanghai",
        presence=Presence.AWAY,
    ),
)
LOGINS = ("agent", "agent.zh", "lead", "manager", "admin")  # those the summary shows

ACCOUNTS = (
    ("Hotel Atlantic Hamburg", Tier.A),
    ("杭州湖滨酒店", Tier.A),
    ("Brightwell & Sons Grocers", Tier.B),
    ("成都锦里茶餐厅", Tier.B),
    ("Harbour Street Bakery", Tier.C),
    ("Studio Nord Architects", Tier.C),
)

_FIRST = "Alice Ben Clara Daniel Eva Finn Grace Henry Isla Jakob Karin Liam Maya Noah Olivia Paul"
_LAST = "Adams Becker Carter Dupont Evans Fraser Green Hansen Irving Jansen Keller Lindqvist"
_ZH_LAST = "李王张刘陈杨黄周吴徐孙马朱胡林郭"
_ZH_FIRST = ("娜", "强", "敏", "磊", "静怡", "浩然", "丽", "志远", "思琪", "建国", "雪", "子涵")
# How often the channels are used; the demo shop's own system is one of them.
CHANNELS = {"webchat": 24, "email": 22, "demo-shop": 8, "api": 3, "telegram": 7}


@dataclass(slots=True, kw_only=True)
class Buyer:
    """A customer, and until when his one chat is about something."""

    name: str
    language: str
    channel: str
    sender: Sender
    company: str = ""
    busy_until: datetime | None = None

    @property
    def called(self) -> str:
        """As agents address him."""
        return self.name if self.language == "zh" or not self.name else self.name.split()[0]


@dataclass(slots=True)
class Staff:
    """The people of the database, by the names of their teams."""

    agents: dict[str, Agent] = field(default_factory=dict)  # by the part before the @
    teams: dict[str, Team] = field(default_factory=dict)

    def of_team(self, team: str) -> list[Agent]:
        """Who answers customers there."""
        working = (Role.AGENT, Role.LEAD)
        return [self.agents[c.email] for c in STAFF if team in c.teams and c.role in working]


async def hire(session: AsyncSession, *, password_hash: str, now: datetime) -> Staff:
    """Everybody gets the same hash: it is slow to make on purpose."""
    staff = Staff()
    for name in (COMPLAINTS, CHINESE, SERVICE, BILLING, WAREHOUSE):
        staff.teams[name] = await agents.add_team(
            session, name=name, telegram_chat=None, by=SYSTEM, now=now
        )
    for colleague in STAFF:
        agent = await _hire_one(session, colleague, password_hash=password_hash, now=now)
        staff.agents[colleague.email] = agent
        for team in colleague.teams:
            await agents.join_team(session, staff.teams[team], agent, by=SYSTEM, now=now)
    return staff


async def _hire_one(
    session: AsyncSession, colleague: Colleague, *, password_hash: str, now: datetime
) -> Agent:
    return await agents.add_agent(
        session,
        email=colleague.address,
        name=colleague.name,
        password_hash=password_hash,
        role=colleague.role,
        by=SYSTEM,
        now=now,
        presence=colleague.presence,
        skills=list(colleague.skills),
        languages=list(colleague.languages),
        language=colleague.language,
        time_zone=colleague.time_zone,
        digest_hour=colleague.digest_hour,
    )


async def stock_replies(session: AsyncSession, staff: Staff, *, now: datetime) -> None:
    for language in LANGUAGES:
        for canned in content_in(language).canned:
            team = staff.teams[canned.team].id if canned.team else None
            values = canned.model_dump(exclude={"team"}) | {"language": language, "team_id": team}
            await add_canned_reply(session, values=values, by=SYSTEM, now=now)


def open_accounts(session: AsyncSession, staff: Staff, *, now: datetime) -> dict[str, Account]:
    manager = staff.agents["manager"].id
    accounts = {
        name: Account(name=name, tier=tier, manager_id=manager, created_at=now)
        for name, tier in ACCOUNTS
    }
    session.add_all(accounts.values())
    return accounts


def buyers(random: Random) -> list[Buyer]:
    """The same ones for the same `random`."""
    names = list(_names())
    random.shuffle(names)
    channels = [name for name, share in CHANNELS.items() for _ in range(share)]
    made = [
        _buyer(number, name, language, channel=channel, random=random)
        for number, ((name, language), channel) in enumerate(zip(names, channels, strict=False))
    ]
    for number, (company, _) in enumerate(ACCOUNTS):
        language = "zh" if company[0] > "\u4e00" else "en"
        speaking = [b for b in made if b.language == language and b.name]
        for buyer in speaking[number * 2 : number * 2 + 2]:
            buyer.company = company
    return made


def stranger(*, language: str, random: Random) -> Buyer:
    """Somebody in the chat window who has not said his name."""
    sender = Sender(address=_visitor_id(random), language=language)
    return Buyer(name="", language=language, channel="webchat", sender=sender)


def _names() -> Iterator[tuple[str, str]]:
    lasts = _LAST.split()
    for number, first in enumerate(_FIRST.split() * 3):
        yield f"{first} {lasts[number * 5 % len(lasts)]}", "en"
    for number, last in enumerate(_ZH_LAST * 2):
        yield last + _ZH_FIRST[number * 7 % len(_ZH_FIRST)], "zh"


def _buyer(number: int, name: str, language: str, *, channel: str, random: Random) -> Buyer:
    mail = _mail(number, name)
    if channel == "email":
        address = mail
    elif channel == "webchat":
        address = _visitor_id(random)
    else:
        address = (
            str(random.randint(10**8, 10**9)) if channel == "telegram" else f"c-{1000 + number}"
        )
    return Buyer(
        name=name,
        language=language,
        channel=channel,
        sender=Sender(
            address=address,
            name=name,
            email=mail if channel != "telegram" else None,
            language=language,
            verified=channel in ("telegram", "demo-shop"),
        ),
    )


def _mail(number: int, name: str) -> str:
    if name.isascii():
        return f"{name.lower().replace(' ', '.')}{number}@mail.example"
    return f"guke{number}@youxiang.example"


def _visitor_id(random: Random) -> str:
    return f"{random.getrandbits(128):032x}"
