"""Imports every slice's tables, so that the metadata is complete."""

from contact_center import bulk
from contact_center.accounts import models as accounts
from contact_center.agents import models as agents
from contact_center.alerts import models as alerts
from contact_center.callbacks import models as callbacks
from contact_center.complaints import models as complaints
from contact_center.conversations import models as conversations
from contact_center.customers import models as customers
from contact_center.db import Table
from contact_center.deliveries import models as deliveries
from contact_center.escalations import models as escalations
from contact_center.events import models as events
from contact_center.handovers import models as handovers
from contact_center.jobs import models as jobs
from contact_center.knowledge import models as knowledge
from contact_center.ledger import models as ledger
from contact_center.links import models as links
from contact_center.logins import models as logins
from contact_center.messages import models as messages
from contact_center.promises import models as promises
from contact_center.routing import models as routing
from contact_center.sla import models as sla
from contact_center.supervision import models as supervision
from contact_center.tickets import models as tickets
from contact_center.uploads import models as uploads
from contact_center.web import models as web
from contact_center.webhooks import models as webhooks
from contact_center.work_orders import models as work_orders

SLICES = (
    bulk,
    accounts,
    agents,
    alerts,
    callbacks,
    complaints,
    conversations,
    customers,
    deliveries,
    escalations,
    events,
    handovers,
    jobs,
    knowledge,
    ledger,
    links,
    logins,
    messages,
    promises,
    routing,
    sla,
    supervision,
    tickets,
    uploads,
    web,
    webhooks,
    work_orders,
)
metadata = Table.metadata
