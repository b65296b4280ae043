import pytest
from django.db.models import Count

from headway.lib.prepared import Prepared
from headway.people.models import Membership, Person, Team
from tests.world import make_world

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
    with pytest.raises(TypeError, match="models as they are"):
        Prepared(lambda pk: Team.objects.filter(pk=pk).annotate(n=Count("items")), int).all(1)
