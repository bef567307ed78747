from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact_center.routing.models import Candidate, RoutedBy
from contact_center.routing.rules.deciding import Facts, Named, decide
from contact_center.routing.rules.wording import in_words
from contact_center.settings import config_directory
from contact_center.switchboard import Matching
from contact_center.texts import load_texts

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TEAM = 7


def free(number: int, **fields) -> Candidate:
    return Candidate(**{"id": number, "capacity": 5, "teams": frozenset({TEAM})} | fields)


def several(*candidates: Candidate) -> dict[int, Candidate]:
    return {one.id: one for one in candidates}


def pushed(**fields) -> Facts:
    return Facts(**{"team_id": TEAM, "pushes": True} | fields)


OWNER = Named(agent_id=1, rule=RoutedBy.TICKET_OWNER, facts={"ticket": 12})
MANAGER = Named(agent_id=2, rule=RoutedBy.MANAGER, facts={"tier": "A"})
DEPUTY = Named(agent_id=3, rule=RoutedBy.DEPUTY, facts={"tier": "A"})


def test_the_owner_of_an_open_ticket_comes_before_the_manager() -> None:
    decision = decide(pushed(named=[OWNER, MANAGER]), several(free(1), free(2), free(9)))

    assert (decision.rule, decision.agent_id) == (RoutedBy.TICKET_OWNER, 1)
    assert decision.reasons == [{"code": "ticket_owner", "agent": 1, "ticket": 12}]


@pytest.mark.parametrize(
    ("fields", "obstacle"),
    [
        ({"online": False}, "offline"),
        ({"absent": True}, "absent"),
        ({"active": False}, "gone"),
        ({"load": 5}, "full"),
        ({"capacity": 0}, "full"),
    ],
)
def test_a_manager_who_cannot_take_it_leaves_it_to_the_deputy_and_says_why(
    fields, obstacle
) -> None:
    decision = decide(pushed(named=[MANAGER, DEPUTY]), several(free(2, **fields), free(3)))

    assert (decision.rule, decision.agent_id) == (RoutedBy.DEPUTY, 3)
    assert decision.reasons[0]["not"] == obstacle


def test_who_is_known_is_offered_it_even_where_the_team_takes_its_tickets_itself() -> None:
    decision = decide(pushed(pushes=False, named=[OWNER]), several(free(1, teams=frozenset())))

    assert decision.agent_id == 1


def test_a_team_that_takes_its_tickets_itself_is_offered_nothing() -> None:
    decision = decide(pushed(pushes=False), several(free(1)))

    assert (decision.rule, decision.agent_id) == (RoutedBy.QUEUE, None)
    assert decision.reasons[-1]["code"] == "pull"


def test_nobody_is_offered_what_belongs_to_no_team() -> None:
    assert decide(Facts(), several(free(1))).rule is RoutedBy.OPEN_QUEUE


def test_a_closed_team_gives_nothing_out() -> None:
    decision = decide(pushed(opens_at=NOON), several(free(1)))

    assert decision.agent_id is None
    assert decision.reasons[-1] == {"code": "closed", "team": TEAM, "until": NOON.isoformat()}


def test_skill_comes_before_language_before_load_before_the_longest_wait() -> None:
    facts = pushed(language="zh", skills=frozenset({"billing"}), matching=Matching(skills="prefer"))
    billing, chinese = frozenset({"billing"}), frozenset({"zh"})
    people = [
        free(1, skills=billing, languages=chinese, load=2, last_at=NOON),
        free(2, skills=billing, languages=chinese, load=2, last_at=NOON - timedelta(hours=1)),
        free(3, skills=billing, languages=chinese, load=3),
        free(4, skills=billing, load=0),
        free(5, languages=chinese, load=0),
    ]
    order = []
    while people:
        chosen = decide(facts, several(*people)).agent_id
        order.append(chosen)
        people = [one for one in people if one.id != chosen]

    assert order == [2, 1, 3, 4, 5]


def test_a_skill_that_is_required_and_missing_leaves_it_in_the_queue() -> None:
    decision = decide(pushed(skills=frozenset({"billing"})), several(free(1)))

    assert decision.agent_id is None
    assert decision.reasons[-1]["code"] == "nobody_fits"


def test_half_full_is_the_same_for_big_and_small_capacities() -> None:
    people = several(free(1, capacity=2, load=1), free(2, capacity=20, load=9))

    assert decide(pushed(), people).agent_id == 2


agents = st.builds(
    free,
    st.integers(1, 30),
    capacity=st.integers(0, 4),
    load=st.integers(0, 5),
    online=st.booleans(),
    absent=st.booleans(),
    active=st.booleans(),
    skills=st.frozensets(st.sampled_from(["billing", "vat"])),
    languages=st.frozensets(st.sampled_from(["en", "zh"])),
    last_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)
facts = st.builds(
    pushed,
    language=st.sampled_from(["", "en", "zh"]),
    skills=st.frozensets(st.sampled_from(["billing", "vat"])),
    named=st.lists(
        st.builds(Named, agent_id=st.integers(1, 30), rule=st.sampled_from(list(RoutedBy))),
        max_size=4,
    ),
    barred=st.frozensets(st.integers(1, 30), max_size=5),
    passed=st.frozensets(st.integers(1, 30), max_size=5),
    pushes=st.booleans(),
    matching=st.builds(
        Matching,
        skills=st.sampled_from(["require", "prefer"]),
        language=st.sampled_from(["require", "prefer"]),
    ),
)


@given(facts, st.lists(agents, unique_by=lambda one: one.id), st.randoms())
def test_the_same_facts_in_any_order_give_the_same_answer(known, people, random) -> None:
    shuffled = list(people)
    random.shuffle(shuffled)

    assert decide(known, several(*people)) == decide(known, several(*shuffled))


@given(facts, st.lists(agents, unique_by=lambda one: one.id))
def test_o7_nobody_gets_what_they_cannot_take_or_must_not_have(known, people) -> None:
    chosen = decide(known, several(*people)).agent_id

    if chosen is not None:
        one = several(*people)[chosen]
        assert one.active
        assert one.online
        assert not one.absent
        assert one.load < one.capacity
        assert chosen not in known.barred | known.passed


@given(st.integers(1, 8), st.integers(1, 5))
def test_work_is_given_round(number, rounds) -> None:
    people = several(*[free(n, capacity=100) for n in range(1, number + 1)])

    given_to = []
    for n in range(number * rounds):
        chosen = decide(pushed(), people).agent_id
        people[chosen].take(now=NOON + timedelta(seconds=n))
        given_to.append(chosen)

    assert {given_to.count(one) for one in people} == {rounds}


@given(st.integers(1, 8))
def test_a_ticket_finds_somebody_as_long_as_there_is_room(number) -> None:
    people = several(*[free(n, capacity=2) for n in range(1, number + 1)])

    answers = []
    for n in range(2 * number + 1):
        chosen = decide(pushed(), people).agent_id
        if chosen is not None:
            people[chosen].take(now=NOON + timedelta(seconds=n))
        answers.append(chosen is not None)

    assert answers == [True] * (2 * number) + [False]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_reason_has_words(language) -> None:
    reasons = [
        {"code": "team_rule", "number": 1, "name": "Service", "when": {"kind": ["complaint"]}},
        {"code": "team_default", "number": 3, "name": "Service"},
        {"code": "team_asked", "name": "Service"},
        *[
            {"code": "manager", "agent": 1, "tier": "A", "not": obstacle}
            for obstacle in ("gone", "barred", "passed", "absent", "offline", "full")
        ],
        {"code": "ticket_owner", "agent": 1, "ticket": 3},
        {"code": "previous_owner", "agent": 1, "ticket": 3},
        {"code": "deputy", "agent": 1, "tier": "A"},
        {"code": "specialist", "agent": 1, "tier": "B"},
        {"code": "pool", "agent": 1, "team": TEAM, "free": 3, "load": 1, "capacity": 5},
        {"code": "skills", "agent": 1, "skills": ["billing"]},
        {"code": "language", "agent": 1, "language": "zh"},
        {"code": "pull", "team": TEAM},
        {"code": "no_team"},
        {"code": "closed", "team": TEAM, "until": NOON.isoformat()},
        {"code": "nobody_free", "team": TEAM},
        {"code": "nobody_fits", "team": TEAM, "skills": ["vat"], "language": "en"},
    ]

    lines = in_words(
        reasons,
        texts=load_texts(config_directory() / "texts"),
        language=language,
        agents={1: "Li Na"},
        teams={TEAM: "Service"},
    )

    assert len(lines) == len(reasons)
    assert not set(lines) & {reason["code"] for reason in reasons}
    assert all("–" not in line for line in lines)
