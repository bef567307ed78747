"""Who is told of a clock that runs out, in whose stead whoever is absent."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from contact_center.agents.models import Role
from contact_center.agents.queries import acting_for, is_recused, page_of_agents
from contact_center.alerts.queries import leads_of
from contact_center.escalations.queries import Held, Task
from contact_center.ladder import Who
from contact_center.supervision.models import SupervisionOrder

MOST = 20  # managers


class Subject(NamedTuple):
    """What somebody is told of."""

    ticket: Held
    task: Task | None  # the work order, if it is about one
    order: SupervisionOrder | None  # that is open because a promise broke


class People:
    """Looks up each team and everybody's deputy once."""

    def __init__(self, session: AsyncSession, *, now: datetime) -> None:
        self._session = session
        self._now = now
        self._leads: dict[int | None, list[int]] = {}
        self._managers: list[int] | None = None
        self._acting: dict[int, int | None] = {}

    async def told(self, whom: Collection[Who], subject: Subject) -> list[int]:
        """Agents, each once. Where nobody is left the leads are told, then the managers."""
        if not whom:
            return []
        wanted = [agent for who in sorted(whom) for agent in await self._are(who, subject)]
        about = subject.ticket.about_agent_id
        return (
            await self._here(wanted, about=about)
            or await self._here(await self._leads_of(subject.ticket.team_id), about=about)
            or await self._here(await self._all_managers(), about=about)
        )

    async def _are(self, who: Who, subject: Subject) -> Sequence[int]:
        ticket, task = subject.ticket, subject.task
        match who:
            case "owner":
                people = (ticket.owner_id or ticket.assignee_id, task and task.assignee_id)
                found = [agent for agent in people if agent]
                return found or await self._leads_of(ticket.team_id)
            case "lead":
                return await self._leads_of(task.team_id if task else ticket.team_id)
            case "supervisor":
                late = await self._leads_of(task.team_id) if task else []
                if subject.order is not None and subject.order.supervisor_id is not None:
                    return [subject.order.supervisor_id, *late]
                return [*await self._leads_of(ticket.team_id), *late]
            case "department":
                return await (self._leads_of(task.team_id) if task else self._all_managers())
            case "manager":
                return await self._all_managers()

    async def _leads_of(self, team_id: int | None) -> list[int]:
        if team_id not in self._leads:
            self._leads[team_id] = [lead.id for lead in await leads_of(self._session, team_id)]
        return self._leads[team_id]

    async def _all_managers(self) -> list[int]:
        """Or administrators, where there are none."""
        if self._managers is None:
            for role in (Role.MANAGER, Role.ADMIN):
                found = await page_of_agents(
                    self._session, after=0, limit=MOST, active=True, role=role
                )
                self._managers = [agent.id for agent in found]
                if found:
                    break
        return self._managers or []

    async def _here(self, agent_ids: Collection[int], *, about: int | None) -> list[int]:
        """Those who are here, or act for who is not; nobody who must not handle the complaint."""
        if unknown := set(agent_ids) - self._acting.keys():
            acting = await acting_for(self._session, unknown, now=self._now)
            self._acting |= {agent_id: acting.get(agent_id) for agent_id in unknown}
        found = (self._acting[agent_id] for agent_id in agent_ids)
        here = list(dict.fromkeys(agent_id for agent_id in found if agent_id is not None))
        if about is None:
            return here
        return [one for one in here if not await is_recused(self._session, one, about=about)]
