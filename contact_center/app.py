"""Builds the web application; the one list of routes."""

from collections.abc import Mapping, Sequence
from functools import partial

from aiohttp import web

from contact_center.accounts import api as accounts
from contact_center.agents.api import absences, staff
from contact_center.alerts import api as alerts
from contact_center.closure import api as closure
from contact_center.complaints.api import items, listing, special, steps
from contact_center.contacts import api as contacts
from contact_center.customers import api as customers
from contact_center.desk import pages as desk
from contact_center.doorkeeper import Doorkeeper
from contact_center.escalations import api as escalations
from contact_center.handovers.api import ownership, requests, taking
from contact_center.intake import api as intake
from contact_center.integrations import api as integrations
from contact_center.knowledge import api as knowledge
from contact_center.ledger import api as ledger
from contact_center.links import api as links
from contact_center.logins import api as logins
from contact_center.messages.api import finding, sending, talking
from contact_center.migrations.run import is_current
from contact_center.promises import api as promises
from contact_center.reports import api as reports
from contact_center.routing import api as routing
from contact_center.runtime import Runtime
from contact_center.sla import api as sla
from contact_center.sources import api as inbound
from contact_center.sources.models import Source
from contact_center.statuspage import pages as statuspage
from contact_center.supervision import api as supervision
from contact_center.tickets.api import clocks, log, records, work
from contact_center.tickets.api.views import guard
from contact_center.uploads import api as uploads
from contact_center.web import docs, health
from contact_center.web.call import RUNTIME
from contact_center.web.dispatch import GUARD, mount
from contact_center.web.idempotency import RUNNING
from contact_center.web.limits import LIMITS, limits_for
from contact_center.web.metrics import METRICS, Metrics
from contact_center.web.middleware import attend
from contact_center.web.openapi import document
from contact_center.web.passwords import PASSWORDS, Passwords
from contact_center.web.principal import AUTHENTICATOR
from contact_center.web.routes import Routes
from contact_center.web.security import add_headers
from contact_center.web.sse import STREAMS, Streams
from contact_center.work_orders.api import issuing, working

VERSION = "1.0"  # of the interface
TABLES = (
    health.routes,
    docs.routes,
    logins.routes,
    staff.routes,
    absences.routes,
    alerts.routes,
    accounts.routes,
    customers.routes,
    finding.routes,
    records.routes,
    clocks.routes,
    work.routes,
    contacts.routes,
    requests.routes,
    ownership.routes,
    taking.routes,
    supervision.routes,
    talking.routes,
    closure.routes,
    issuing.routes,
    working.routes,
    promises.routes,
    uploads.routes,
    links.routes,
    routing.routes,
    steps.routes,
    special.routes,
    items.routes,
    listing.routes,
    escalations.routes,
    knowledge.routes,
    sending.routes,
    log.routes,
    reports.routes,
    intake.routes,
    inbound.routes,
    ledger.routes,
    sla.routes,
    integrations.routes,
)
LARGEST_REQUEST = 1024 * 1024  # bytes; what takes files streams them


def build_app(
    runtime: Runtime,
    *,
    fronts: Sequence[Routes] = (),
    sources: Mapping[str, Source] | None = None,
) -> web.Application:
    """`fronts` are the routes of the bots, which stand above this module."""
    tables = (*TABLES, *desk.TABLES, statuspage.routes, *fronts)
    limits = runtime.settings.limits
    app = web.Application(middlewares=[attend], client_max_size=LARGEST_REQUEST)
    app[RUNTIME] = runtime
    app[METRICS] = Metrics()
    app[RUNNING] = set()
    streams = app[STREAMS] = Streams()
    app.on_shutdown.append(streams.on_shutdown)
    app[METRICS].gauge("open_streams", "Pages that watch", lambda: streams.open_count)
    app[inbound.SOURCES] = sources or {}
    app[LIMITS] = limits_for(per_caller=limits.per_caller, per_address=limits.per_address)
    app[PASSWORDS] = Passwords()
    doorkeeper = Doorkeeper(runtime, app[LIMITS], app[PASSWORDS])
    app[AUTHENTICATOR] = doorkeeper
    checks: dict[str, health.Check] = {"database": lambda: is_current(runtime.db)}
    app[health.READY_CHECKS] = checks
    operations = [operation for table in tables for operation in table.operations]
    title = f"{runtime.settings.company}: contact center"
    describe = partial(document, operations, title=title, version=VERSION)
    app[docs.DOCUMENT] = docs.Document(describe)
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(lambda _: doorkeeper.on_duty())
    app[GUARD] = guard
    desk.setup(app)
    statuspage.setup(app)
    mount(app, *tables)
    return app
