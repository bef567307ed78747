"""What the gate lets through, of whatever state: invariants K5 and K6."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from contact_center.closure import rules
from contact_center.closure.models import Answers, Need
from contact_center.complaints.models import Stage
from contact_center.promises.models import Promise
from contact_center.tickets.models import Settled, Ticket, TicketKind
from contact_center.work_orders.models import OPEN, WorkOrder, WorkOrderState

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MOMENTS = st.none() | st.just(NOON)
ORDERS = st.builds(
    WorkOrder,
    id=st.integers(1, 9),
    state=st.sampled_from(sorted(OPEN)),
    is_blocking=st.booleans(),
    waived_at=MOMENTS,
)
PROMISES = st.builds(Promise, id=st.integers(1, 9), due_at=st.just(NOON))
TICKETS = st.builds(
    Ticket,
    id=st.just(1),
    kind=st.sampled_from(TicketKind),
    stage=st.none() | st.sampled_from([stage.value for stage in Stage]),
    settled=st.none() | st.sampled_from(Settled),
    owner_id=st.none() | st.just(7),
    signed_off_at=MOMENTS,
    first_response_at=MOMENTS,
)


@given(ticket=TICKETS, orders=st.lists(ORDERS, max_size=3), promises=st.lists(PROMISES, max_size=2))
def test_k5_nothing_is_resolved_over_open_work_or_an_open_promise(ticket, orders, promises) -> None:
    missing = rules.to_resolve(
        ticket,
        orders=orders,
        promises=promises,
        answers=Answers(by_owner_at=None, work_finished_at=None),
    )

    blocks = [one for one in orders if one.is_blocking and one.waived_at is None]
    unverified = [one for one in blocks if one.state is not WorkOrderState.FINISHED]
    needs = [one.need for one in missing]
    assert needs.count(Need.WORK_ORDER) == len(unverified)
    assert needs.count(Need.VERIFICATION) == len(blocks) - len(unverified)
    assert needs.count(Need.PROMISE) == len(promises)


@given(ticket=TICKETS)
def test_k6_a_complaint_closes_by_its_own_file_only(ticket) -> None:
    if not rules.to_close(ticket):
        if ticket.kind is TicketKind.COMPLAINT:
            assert ticket.stage == Stage.CLOSED
        else:
            assert ticket.settled is not None
        assert ticket.owner_id is None or ticket.signed_off_at is not None


@given(ticket=TICKETS, how=st.sampled_from(Settled))
def test_k6_no_silence_ends_a_complaint(ticket, how) -> None:
    is_silence = how is not Settled.CUSTOMER_CONFIRMED
    if ticket.kind is TicketKind.COMPLAINT and is_silence:
        assert not rules.may_end_by(ticket, how)
    else:
        assert rules.may_end_by(ticket, how)
