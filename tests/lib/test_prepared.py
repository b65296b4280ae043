import datetime as dt

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Count

from headway.lib.prepared import Prepared, insert, update
from headway.live.models import Change
from headway.people.models import Membership, Person, Team
from headway.scrum.models import Column, Item
from tests.world import make_item, make_world

pytestmark = pytest.mark.django_db


def test_rows_are_those_of_the_query(django_assert_num_queries):
    world = make_world()
    people = [world.ana.person_id, world.bo.person_id]
    of_person = Prepared(
        lambda pk: Membership.objects.filter(person=pk, deactivated_at=None).select_related("organisation"), int
    )
    with django_assert_num_queries(2):
        ana, bo = (of_person.first(pk) for pk in people)
        assert ana.organisation.name == bo.organisation.name == world.organisation.name
    assert [ana, bo] == [Membership.objects.get(person=pk) for pk in people]
    assert ana.joined_at == Membership.objects.get(person=people[0]).joined_at
    assert of_person.first(0) is None


def test_what_is_written_is_seen():
    ana = Person.objects.get(pk=make_world().ana.person_id)
    by_email = Prepared(lambda email: Person.objects.filter(email=email).values_list("name", "is_active"), str)
    assert by_email.all(ana.email) == [(ana.name, True)]
    Person.objects.filter(pk=ana.pk).update(name="Ana Maria", is_active=False)
    assert by_email.all(ana.email) == [("Ana Maria", False)]


def test_a_query_that_cannot_be_prepared_is_refused():
    make_world()
    with pytest.raises(ValueError, match="does not use"):
        Prepared(lambda pk: Team.objects.all(), int).all(1)
    with pytest.raises(TypeError, match="models and tuples"):
        Prepared(lambda pk: Team.objects.filter(pk=pk).values("name"), int).all(1)


def test_what_is_selected_beside_a_model_comes_with_it():
    world = make_world()
    for _n in range(3):
        make_item(world.team)
    by_key = Prepared(
        lambda pk: Team.objects.filter(pk=pk).annotate(many=Count("items")).select_related("organisation"), int
    )
    found = by_key.first(world.team.pk)
    assert (found.pk, found.many, found.organisation) == (world.team.pk, 3, world.organisation)


def test_a_row_is_inserted_as_saved():
    world = make_world()
    at = dt.datetime(2026, 11, 2, 9, 30, tzinfo=dt.UTC)
    given = {"actor_kind": "member", "name": "item.made", "subject_type": "scrum.item", "subject_id": 7, "at": at}
    given |= {"organisation_id": world.organisation.pk, "after": {"title": "Überfahrt", "size": 1.5}}
    one, other = Change(**given), Change(**given)
    insert(one)
    other.save()
    assert (one.pk, one._state.adding, one._state.db) == (other.pk - 1, False, other._state.db)
    assert values_of(one) == values_of(other)


def test_named_fields_alone_are_updated():
    team = make_world().team
    team.name, team.key, team.days_off = "Ferries", "NEW", ["2026-12-24"]
    update(team, ["name", "days_off"])
    fresh = Team.objects.get(pk=team.pk)
    assert (fresh.name, fresh.days_off) == ("Ferries", ["2026-12-24"])
    assert fresh.key != "NEW"


def test_a_relation_is_written_by_either_name():
    world = make_world()
    item = make_item(world.team)
    column = Column.objects.create(team=world.team, name="Elsewhere", category="todo")
    for names in (["column"], ["column_id"]):
        item.column = column
        update(item, names)
        assert Item.objects.get(pk=item.pk).column == column


def test_a_row_that_is_gone_is_not_updated():
    team = make_world().team
    with pytest.raises(DatabaseError, match="gone"):
        update(Team(pk=team.pk + 999, name="Nobody's"), ["name"])


def test_what_a_constraint_refuses_breaks_the_transaction_as_a_save_does():
    team = make_world().team
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(Team(organisation_id=team.organisation_id, key=team.key, name="Twice"))
    assert Team.objects.filter(key=team.key).count() == 1


def values_of(change):
    return Change.objects.filter(pk=change.pk).values(*[f.attname for f in Change._meta.fields if f.attname != "id"])[0]
