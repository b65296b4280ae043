"""The small company that every test knows, and plain functions that make more of it.

Ana is Scrum Master (and administrator), Bo Product Owner, Cy Developer, Di a stakeholder who only reads,
all of Northwind's team Ant (key ANT); Eve is Scrum Master of a team of another organisation.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from headway.lib import clock, ranks
from headway.okr.models import Cycle, KeyResult, Measurement, Objective
from headway.people.actor import Actor, actor_for, system_actor
from headway.people.models import Membership, Organisation, Person, Role, Team, TeamRole
from headway.scrum.models import Category, Column, Item, Sprint

PASSWORD = "a-long-enough-password"


@dataclass
class World:
    organisation: Organisation
    team: Team
    cycle: Cycle
    objective: Objective
    key_result: KeyResult
    people: dict[str, Person]
    ana: Actor  # Scrum Master, administrator
    bo: Actor  # Product Owner
    cy: Actor  # Developer
    di: Actor  # stakeholder: reads
    eve: Actor  # of another organisation
    other_team: Team
    system: Actor


def make_world() -> World:
    organisation = make_organisation("Northwind")
    team = make_team(organisation, "ANT", "Ant")
    other = make_organisation("Elsewhere")
    other_team = make_team(other, "EEL", "Eel")
    people = {
        "ana": make_person(organisation, "Ana Abel", is_administrator=True),
        "bo": make_person(organisation, "Bo Berg"),
        "cy": make_person(organisation, "Cy Cole"),
        "di": make_person(organisation, "Di Dorn"),
        "eve": make_person(other, "Eve Eder", is_administrator=True),
    }
    for name, role, of in [
        ("ana", Role.SCRUM_MASTER, team),
        ("bo", Role.PRODUCT_OWNER, team),
        ("cy", Role.DEVELOPER, team),
        ("di", Role.STAKEHOLDER, team),
        ("eve", Role.SCRUM_MASTER, other_team),
    ]:
        TeamRole.objects.create(team=of, person=people[name], role=role)
    cycle = make_cycle(organisation)
    objective = make_objective(cycle, team=team)
    actors = {name: actor_for(person, other if name == "eve" else organisation) for name, person in people.items()}
    return World(
        organisation=organisation,
        team=team,
        cycle=cycle,
        objective=objective,
        key_result=make_key_result(objective),
        people=people,
        other_team=other_team,
        system=system_actor(organisation),
        **actors,  # type: ignore[arg-type]
    )


def make_organisation(name: str = "Northwind", **fields: Any) -> Organisation:
    return Organisation.objects.create(name=name, created_at=clock.now(), **fields)


def make_team(organisation: Organisation, key: str = "ANT", name: str = "Ant", **fields: Any) -> Team:
    """Make a team with the three usual columns."""
    team = Team.objects.create(organisation=organisation, key=key, name=name, **fields)
    for position, (column, category) in enumerate(
        [("To do", Category.TODO), ("In progress", Category.DOING), ("Done", Category.DONE)]
    ):
        Column.objects.create(team=team, name=column, category=category, position=position)
    return team


def make_person(organisation: Organisation, name: str = "Pat Poe", *, is_administrator: bool = False) -> Person:
    person = Person(
        email=f"{name.split()[0].lower()}@{organisation.name.lower()}.example",
        name=name,
        created_at=clock.now(),
    )
    person.set_password(PASSWORD)
    person.save()
    Membership.objects.create(
        organisation=organisation, person=person, is_administrator=is_administrator, joined_at=clock.now()
    )
    return person


def make_cycle(organisation: Organisation, name: str = "This quarter", **fields: Any) -> Cycle:
    """Make a cycle that began six weeks ago and ends in six."""
    today = clock.today()
    fields = {"starts_on": today - dt.timedelta(days=42), "ends_on": today + dt.timedelta(days=42)} | fields
    return Cycle.objects.create(organisation=organisation, name=name, **fields)


def make_objective(cycle: Cycle, title: str = "Ordering again is easy", **fields: Any) -> Objective:
    return Objective.objects.create(cycle=cycle, organisation=cycle.organisation, title=title, **fields)


def make_key_result(objective: Objective, title: str = "Repeat orders without a call", **fields: Any) -> KeyResult:
    """Make a KR from 30 to 50 %."""
    fields = {"short_name": title[:40], "unit": "%", "baseline": 30.0, "target": 50.0} | fields
    return KeyResult.objects.create(objective=objective, title=title, **fields)


def make_measurement(key_result: KeyResult, value: float, *, days_ago: int = 0) -> Measurement:
    return Measurement.objects.create(
        key_result=key_result,
        value=value,
        measured_on=clock.today() - dt.timedelta(days=days_ago),
        entered_at=clock.now(),
    )


def make_sprint(team: Team, number: int = 1, *, starts_in: int = -4, days: int = 14, **fields: Any) -> Sprint:
    """Make a Sprint that started four days ago, of 14 days."""
    starts_on = clock.today() + dt.timedelta(days=starts_in)
    fields = {
        "name": f"Sprint {number}",
        "starts_on": starts_on,
        "ends_on": starts_on + dt.timedelta(days=days - 1),
        "started_at": clock.now() + dt.timedelta(days=starts_in) if starts_in <= 0 else None,
    } | fields
    return Sprint.objects.create(team=team, number=number, **fields)


def make_item(
    team: Team, title: str = "Order again in one tap", *, category: str = Category.TODO, **fields: Any
) -> Item:
    """Make an item at the end of the backlog, in the first column of its category."""
    last = Item.objects.filter(team=team).in_order().last()
    now = clock.now()
    fields = {
        "rank": ranks.between(last.rank if last else None, None),
        "column": Column.objects.filter(team=team, category=category).earliest("position"),
        "created_at": now - dt.timedelta(days=30),
        "updated_at": now,
        "started_at": None if category == Category.TODO else now - dt.timedelta(days=5),
        "done_at": now - dt.timedelta(days=1) if category == Category.DONE else None,
        "number": team.next_item_number,
    } | fields
    team.next_item_number = max(team.next_item_number, fields["number"] + 1)
    team.save(update_fields=["next_item_number"])
    return Item.objects.create(team=team, title=title, category=category, **fields)
