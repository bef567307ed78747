"""Who may do what: one table."""

from enum import StrEnum


class Permission(StrEnum):
    """Also the scopes an API token may have."""

    TICKETS_READ = "tickets:read"
    TICKETS_WRITE = "tickets:write"  # claim, reply, note, resolve
    TICKETS_ASSIGN = "tickets:assign"  # give work to others
    TICKETS_OVERRIDE = "tickets:override"  # act on what somebody else owns, with a reason
    MESSAGES_SUBMIT = "messages:submit"  # hand in customers' messages for another system
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    ACCOUNTS_WRITE = "accounts:write"
    KNOWLEDGE_READ = "knowledge:read"
    KNOWLEDGE_WRITE = "knowledge:write"
    AGENTS_READ = "agents:read"
    AGENTS_ADMIN = "agents:admin"
    TEAMS_ADMIN = "teams:admin"
    TOKENS_ADMIN = "tokens:admin"
    WEBHOOKS_ADMIN = "webhooks:admin"
    QUARANTINE = "quarantine"
    DELIVERIES_READ = "deliveries:read"
    DELIVERIES_RETRY = "deliveries:retry"
    REPORTS_READ = "reports:read"
    AUDIT_READ = "audit:read"
    METRICS_READ = "metrics:read"


_AGENT = frozenset(
    {
        Permission.TICKETS_READ,
        Permission.TICKETS_WRITE,
        Permission.CUSTOMERS_READ,
        Permission.CUSTOMERS_WRITE,
        Permission.KNOWLEDGE_READ,
        Permission.AGENTS_READ,
    }
)
_LEAD = _AGENT | {
    Permission.TICKETS_ASSIGN,
    Permission.TICKETS_OVERRIDE,
    Permission.KNOWLEDGE_WRITE,
    Permission.QUARANTINE,
    Permission.DELIVERIES_READ,
    Permission.DELIVERIES_RETRY,
    Permission.REPORTS_READ,
}
_MANAGER = _LEAD | {Permission.ACCOUNTS_WRITE, Permission.TEAMS_ADMIN, Permission.AUDIT_READ}

# Keyed by the values of agents.models.Role, which stands higher in the stack.
ROLES: dict[str, frozenset[Permission]] = {
    "agent": _AGENT,
    "lead": _LEAD,
    "manager": _MANAGER,
    "admin": frozenset(Permission),
}
