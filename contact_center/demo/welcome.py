"""Seeds at the first start of the demo, and says where everything is."""

from contact_center.clock import utcnow
from contact_center.db import Database
from contact_center.demo import queries
from contact_center.demo.people import LOGINS, PASSWORD, STAFF, Colleague
from contact_center.demo.seeding import seed
from contact_center.settings import Settings

_LOCAL = ("127.0.0.1", "localhost", "::1")


async def seed_if_empty(db: Database) -> int | None:
    """How many tickets there are now; None where there was something already."""
    async with db.read() as session:
        if not await queries.is_empty(session):
            return None
    return await seed(db, now=utcnow())


async def has_demo_staff(db: Database) -> bool:
    async with db.read() as session:
        return await queries.has_agent(session, STAFF[0].address)


def summary(settings: Settings, *, seeded: int | None, with_logins: bool) -> str:
    """What to open in a browser, and as whom."""
    url = settings.server.public_url.rstrip("/")
    rows = [
        ("Shop with the chat window", f"{url}/shop"),
        ("Desk of the agents", f"{url}/desk"),
        ("API and its description", f"{url}/api/docs"),
        *_mail_rows(settings),
    ]
    lines = ["", f"  {settings.company}: the demo is ready.", ""]
    if seeded is not None:
        lines[1] += f" The empty database was filled with {seeded} tickets."
    lines += [f"  {what:<27}{where}" for what, where in rows]
    if with_logins:
        lines += ["", f"  Log in with the password   {PASSWORD}"]
        shown = [colleague for colleague in STAFF if colleague.email in LOGINS]
        lines += [f"  {_as_whom(one)}{one.address}" for one in shown]
    else:
        lines += [
            "",
            "  There are no demo log-ins: this database was not empty, and is left alone.",
        ]
    lines += ["", "  Live customers             contact-center demo --traffic", ""]
    if with_logins and settings.server.host not in _LOCAL:
        lines += ["  ! Others can reach this service, and everybody knows the password.", ""]
    return "\n".join(lines)


def _mail_rows(settings: Settings) -> list[tuple[str, str]]:
    email = settings.email
    if not email.enabled:
        return []
    where = f"SMTP {email.listen_host}:{email.listen_port}"
    rows = [("Mail to us", f"{email.address}, {where}")]
    if email.smtp_host is None:
        rows.append(("Mail from us", f"{email.folder}/*.eml"))
    return rows


def _as_whom(colleague: Colleague) -> str:
    role = colleague.role.capitalize()
    # Chinese characters are two columns wide in a terminal.
    return f"{role} (中文)".ljust(25) if colleague.language == "zh" else role.ljust(27)
