"""The settings: who sees and who changes what, and that nothing typed is lost."""

import re
from pathlib import Path

import pytest
from django.core.cache import cache

import headway.web
from headway.live.models import Change
from headway.people import actions, queries
from headway.people.access import VERBS
from headway.people.models import Person, Role, Team, TeamRole, Unit
from headway.scrum.models import Category, Column
from tests.world import World, make_item, make_world

pytestmark = pytest.mark.django_db

PAGES = [
    "/settings/organisation/",
    "/settings/teams/",
    "/settings/members/",
    "/settings/roles/",
    "/settings/me/",
    "/settings/browser/",
    "/t/ANT/people/",
    "/t/ANT/settings/",
]


@pytest.fixture
def world() -> World:
    cache.clear()
    return make_world()


@pytest.fixture
def ana(client, world):
    client.force_login(world.people["ana"])
    return client


@pytest.fixture
def di(client, world):
    client.force_login(world.people["di"])
    return client


def html(answer) -> str:
    return answer.content.decode()


@pytest.mark.parametrize("who", ["ana", "bo", "cy", "di"])
@pytest.mark.parametrize("address", PAGES)
def test_every_member_reads_every_page(client, world, who, address):
    client.force_login(world.people[who])
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("address", PAGES[-2:])
def test_others_find_nothing(client, world, address):
    client.force_login(world.people["eve"])
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("address", [*PAGES, "/settings/members/1/", "/settings/units/1/"])
def test_a_stranger_signs_in_first(client, world, address):
    assert client.get(address)["Location"].startswith("/sign-in/")


def test_settings_open_with_the_people_of_the_team(ana):
    assert ana.get("/settings/")["Location"] == "/t/ANT/people/"


def test_without_a_team_they_open_with_the_teams(ana, world):
    actions.archive_team(world.team, by=world.ana)
    assert ana.get("/settings/")["Location"] == "/settings/teams/"
    assert "No team yet" in html(ana.get("/settings/teams/"))


# People and roles of a team


def test_people_stand_in_the_order_of_their_roles(ana):
    names = re.findall(r'<span class="ttl">([^<]+)</span>', html(ana.get("/t/ANT/people/")))
    assert names == ["Bo Berg", "Ana Abel", "Cy Cole", "Di Dorn"]


def test_a_new_person_comes_with_roles_and_a_link_shown_once(ana, world):
    given = {"kind": "add", "name": "Fay Fox", "email": "fay@northwind.example", "roles": ["developer", "stakeholder"]}
    assert ana.post("/t/ANT/people/", given)["Location"] == "/t/ANT/people/"
    fay = Person.objects.get(email="fay@northwind.example")
    assert set(fay.team_roles.values_list("role", flat=True)) == {"developer", "stakeholder"}
    page = html(ana.get("/t/ANT/people/"))
    (link,) = re.findall(r'value="http://testserver(/password/[^"]+/)"', page)
    assert "Hand this link to Fay Fox" in page
    assert "Hand this link" not in html(ana.get("/t/ANT/people/"))
    ana.post("/sign-out/")
    assert "Welcome, Fay" in html(ana.get(link))


def test_somebody_known_elsewhere_is_invited_and_their_name_stays_unknown(ana, world):
    given = {"kind": "add", "name": "Somebody", "email": "EVE@elsewhere.example", "roles": ["developer"]}
    answer = ana.post("/t/ANT/people/", given)
    assert answer.status_code == 422
    assert "Invite this person by a link." in html(answer)
    assert "Eve Eder" not in html(answer)


def test_what_was_typed_stays_where_it_is_wrong(ana):
    answer = ana.post("/t/ANT/people/", {"kind": "add", "name": "Cy", "email": "cy@northwind.example"})
    assert answer.status_code == 422
    assert "Cy Cole is here already." in html(answer)
    assert 'value="cy@northwind.example"' in html(answer)
    assert Person.objects.count() == 5


def test_roles_are_changed_and_taken_back(ana, world):
    cy = world.people["cy"]
    ana.post("/t/ANT/people/", {"kind": "set", "person": cy.pk, "roles": ["scrum_master", "stakeholder", "nonsense"]})
    assert set(cy.team_roles.values_list("role", flat=True)) == {"scrum_master", "stakeholder"}
    ana.post(f"/changes/{Change.objects.latest('pk').pk}/undo/")
    assert list(cy.team_roles.values_list("role", flat=True)) == ["developer"]


def test_a_role_is_given_to_somebody_who_is_here_already(ana, world):
    other = actions.create_team(world.organisation, by=world.ana, key="BEE", name="Bee")
    page = html(ana.get("/t/BEE/people/"))
    assert f'<option value="{world.people["cy"].pk}">Cy Cole</option>' in page
    ana.post("/t/BEE/people/", {"kind": "give", "person": world.people["cy"].pk, "roles": ["developer"]})
    assert TeamRole.objects.filter(team=other, person=world.people["cy"], role=Role.DEVELOPER).exists()


def test_giving_no_role_is_refused_at_the_field(ana, world):
    actions.create_team(world.organisation, by=world.ana, key="BEE", name="Bee")
    answer = ana.post("/t/BEE/people/", {"kind": "give", "person": world.people["cy"].pk})
    assert answer.status_code == 422
    assert "This field is required." in html(answer)


def test_the_scrum_master_gives_roles_and_only_administrators_add(client, world):
    TeamRole.objects.create(team=world.team, person=world.people["bo"], role=Role.SCRUM_MASTER)
    client.force_login(world.people["bo"])
    page = html(client.get("/t/ANT/people/"))
    assert "Save roles" in page
    assert "Add a person" not in page
    cy = world.people["cy"]
    client.post("/t/ANT/people/", {"kind": "set", "person": cy.pk, "roles": ["stakeholder"]})
    assert cy.team_roles.get().role == "stakeholder"
    answer = client.post("/t/ANT/people/", {"kind": "add", "name": "Fay", "email": "fay@northwind.example"})
    assert answer.status_code == 403
    assert not Person.objects.filter(email="fay@northwind.example").exists()


def test_who_only_reads_sees_no_knob_and_changes_nothing(di, world):
    page = html(di.get("/t/ANT/people/"))
    assert "Save roles" not in page
    assert "Deactivate" not in page
    cy = world.people["cy"]
    assert di.post("/t/ANT/people/", {"kind": "set", "person": cy.pk, "roles": []}).status_code == 403
    assert cy.team_roles.get().role == "developer"


def test_nobody_of_another_organisation_gets_a_role(ana, world):
    eve = world.people["eve"]
    assert ana.post("/t/ANT/people/", {"kind": "set", "person": eve.pk, "roles": ["developer"]}).status_code == 404
    assert not TeamRole.objects.filter(team=world.team, person=eve).exists()


# Everyone


def test_a_member_is_deactivated_and_reactivated(ana, world):
    member = world.people["cy"].memberships.get()
    ana.post(f"/settings/members/{member.pk}/deactivate/")
    member.refresh_from_db()
    assert member.deactivated_at is not None
    page = html(ana.get("/settings/members/"))
    assert "Cy Cole can no longer sign in here." in page
    assert "Undo" in page
    assert "Cy Cole" not in re.sub(r"<div class=\"toast.*?</div>", "", html(ana.get("/t/ANT/people/")))
    ana.post(f"/settings/members/{member.pk}/", {"do": "reactivate"})
    member.refresh_from_db()
    assert member.deactivated_at is None
    ana.post(f"/settings/members/{member.pk}/", {"do": "reactivate"})
    assert "Ana Abel took this back already." in html(ana.get("/settings/members/"))


def test_the_last_administrator_stays(ana, world):
    member = world.people["ana"].memberships.get()
    ana.post(f"/settings/members/{member.pk}/", {"do": "no_administrator"})
    assert "This is the last administrator" in html(ana.get("/settings/members/"))
    answer = ana.post(f"/settings/members/{member.pk}/deactivate/")
    assert (answer.status_code, "This is the last administrator" in html(answer)) == (422, True)
    member.refresh_from_db()
    assert member.is_administrator
    assert member.deactivated_at is None


def test_an_administrator_is_made(ana, world):
    member = world.people["bo"].memberships.get()
    ana.post(f"/settings/members/{member.pk}/", {"do": "administrator"})
    member.refresh_from_db()
    assert member.is_administrator


def test_a_new_link_makes_the_old_one_void(ana, world):
    member = world.people["cy"].memberships.get()
    links = []
    for _ in range(2):
        ana.post(f"/settings/members/{member.pk}/", {"do": "link", "team": "ANT"})
        links += re.findall(r'value="http://testserver(/password/[^"]+/)"', html(ana.get("/t/ANT/people/")))
    assert [ana.get(link).status_code for link in links] == [410, 200]


@pytest.mark.parametrize("do", ["reactivate", "administrator", "link"])
def test_a_member_changes_no_other(di, world, do):
    member = world.people["cy"].memberships.get()
    if do == "reactivate":
        actions.deactivate_member(member, by=world.ana)
    assert di.post(f"/settings/members/{member.pk}/", {"do": do}).status_code == 403


def test_members_of_others_are_absent(ana, world):
    member = world.people["eve"].memberships.get()
    assert ana.post(f"/settings/members/{member.pk}/deactivate/").status_code == 404
    member.refresh_from_db()
    assert member.deactivated_at is None


def test_the_list_costs_three_queries_however_long(world, django_assert_num_queries):
    for number in range(5):
        actions.add_person(world.organisation, by=world.ana, email=f"p{number}@northwind.example", name=f"P {number}")
    with django_assert_num_queries(3):
        rows = queries.members(world.ana, world.team)
    assert len(rows) == 9
    assert {row.name for row in rows if row.link_until} == {f"P {number}" for number in range(5)}


# Organisation, units, teams


def organisation_form(**changes):
    return {
        "name": "Northwind",
        "strategy": "Ship what people need.",
        "currency": "GBP",
        "time_zone": "Europe/Berlin",
        "locale": "en-GB",
        "week_start": "0",
        "horizon_weeks": "26",
    } | changes


def test_the_organisation_is_changed_and_the_change_taken_back(ana, world):
    assert ana.post("/settings/organisation/", organisation_form()).status_code == 302
    world.organisation.refresh_from_db()
    assert (world.organisation.currency, world.organisation.time_zone) == ("GBP", "Europe/Berlin")
    assert "Saved." in html(ana.get("/settings/organisation/"))
    ana.post(f"/changes/{Change.objects.latest('pk').pk}/undo/")
    world.organisation.refresh_from_db()
    assert world.organisation.currency == "EUR"


def test_saving_the_same_offers_no_undo(ana):
    ana.post("/settings/organisation/", organisation_form())
    ana.get("/settings/organisation/")
    ana.post("/settings/organisation/", organisation_form())
    page = html(ana.get("/settings/organisation/"))
    assert "Saved." in page
    assert not re.search(r"/changes/\d+/undo/", page)


def test_an_unknown_time_zone_is_refused(ana, world):
    answer = ana.post("/settings/organisation/", organisation_form(time_zone="Mars/Olympus"))
    assert answer.status_code == 422
    world.organisation.refresh_from_db()
    assert world.organisation.time_zone == "UTC"


def test_only_administrators_change_it(di, world):
    assert '<fieldset class="form" disabled>' in html(di.get("/settings/organisation/"))
    assert di.post("/settings/organisation/", organisation_form()).status_code == 403


def test_a_team_comes_with_a_board(ana, world):
    answer = ana.post("/settings/teams/", {"kind": "team", "name": "Bee", "key": "bee"})
    assert answer["Location"] == "/t/BEE/people/"
    team = Team.objects.get(key="BEE")
    assert [column.category for column in team.columns.all()] == ["todo", "doing", "done"]
    assert "Bee is here." in html(ana.get("/t/BEE/people/"))


@pytest.mark.parametrize(("key", "told"), [("ANT", "already exists"), ("1X", "Capital letters and digits")])
def test_a_bad_key_is_refused_at_its_field(ana, key, told):
    answer = ana.post("/settings/teams/", {"kind": "team", "name": "Bee", "key": key})
    assert answer.status_code == 422
    assert told in html(answer)
    assert 'value="Bee"' in html(answer)
    assert not Team.objects.filter(name="Bee").exists()


def test_units_make_a_tree(ana, world):
    ana.post("/settings/teams/", {"kind": "unit", "name": "Patients"})
    upper = Unit.objects.get(name="Patients")
    ana.post("/settings/teams/", {"kind": "unit", "name": "Reminders", "parent": upper.pk})
    lower = Unit.objects.get(name="Reminders")
    rows = queries.units_and_teams(world.ana)
    assert [(row.unit.name if row.unit else None, row.depth) for row in rows] == [
        (None, 0),
        ("Patients", 0),
        ("Reminders", 1),
    ]
    answer = ana.post(f"/settings/units/{upper.pk}/", {"name": "Patients", "parent": lower.pk})
    assert answer.status_code == 422
    assert "A unit cannot lie under itself." in html(answer)
    ana.post(f"/settings/units/{upper.pk}/", {"name": "People"})
    upper.refresh_from_db()
    assert upper.name == "People"


def test_units_of_others_are_absent(client, world):
    unit = actions.create_unit(world.organisation, "Patients", by=world.ana)
    client.force_login(world.people["eve"])
    assert client.get(f"/settings/units/{unit.pk}/").status_code == 404
    assert "Patients" not in html(client.get("/settings/teams/"))


@pytest.mark.parametrize("kind", ["team", "unit"])
def test_only_administrators_add_them(di, kind):
    assert "Create the team" not in html(di.get("/settings/teams/"))
    assert di.post("/settings/teams/", {"kind": kind, "name": "Bee", "key": "BEE"}).status_code == 403


# Sprint and board


def team_form(**changes):
    return {
        "name": "Ant",
        "key": "ANT",
        "sprint_days": "14",
        "working_days": ["0", "1", "2", "3"],
        "reserve": "15",
        "no_kr_limit": "20",
    } | changes


def test_a_team_is_changed(ana, world):
    assert ana.post("/t/ANT/settings/", team_form(sprint_days="7")).status_code == 302
    world.team.refresh_from_db()
    assert world.team.sprint_days == 7
    assert world.team.working_days == [0, 1, 2, 3]
    assert world.team.reserve == pytest.approx(0.15)
    assert world.team.no_kr_limit == pytest.approx(0.2)
    page = html(ana.get("/t/ANT/settings/"))
    assert re.search(r'name="reserve" value="15(\.0)?"', page)


def test_with_a_new_key_the_page_goes_along(ana, world):
    assert ana.post("/t/ANT/settings/", team_form(key="bee"))["Location"] == "/t/BEE/settings/"
    assert ana.get("/t/BEE/settings/").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"key": "EEL"}, "already exists"),
        ({"sprint_days": "0"}, "greater than or equal to 1"),
        ({"reserve": "95"}, "less than or equal to 90"),
        ({"name": ""}, "required"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(ana, world, wrong, told):
    answer = ana.post("/t/ANT/settings/", team_form(**wrong))
    assert answer.status_code == 422
    assert told in html(answer)
    before = (world.team.key, world.team.sprint_days, world.team.reserve, world.team.name)
    world.team.refresh_from_db()
    assert (world.team.key, world.team.sprint_days, world.team.reserve, world.team.name) == before


def test_a_team_is_changed_by_its_scrum_master_only(client, world):
    for who in ("bo", "cy", "di"):
        client.force_login(world.people[who])
        assert client.post("/t/ANT/settings/", team_form(name="Bee")).status_code == 403
    client.force_login(world.people["eve"])
    assert client.post("/t/ANT/settings/", team_form(name="Bee")).status_code == 404


def columns_of(world) -> list[tuple[str, str, int | None]]:
    return list(world.team.columns.values_list("name", "category", "limit"))


def test_a_column_is_added_in_its_category(ana, world):
    ana.post("/t/ANT/settings/columns/", {"do": "add", "name": "Review", "category": "doing", "limit": "3"})
    assert columns_of(world)[2] == ("Review", "doing", 3)


def test_a_column_of_the_same_name_is_refused_and_kept_in_the_form(ana, world):
    answer = ana.post("/t/ANT/settings/columns/", {"do": "add", "name": "Done", "category": "done"})
    assert answer.status_code == 422
    assert "already exists" in html(answer)
    assert 'value="Done"' in html(answer)


def test_columns_are_saved_together_or_not_at_all(ana, world):
    todo, doing, _done = world.team.columns.all()
    given = {
        "do": "save",
        f"name-{todo.pk}": "Ready",
        f"category-{todo.pk}": "todo",
        f"limit-{todo.pk}": "",
        f"name-{doing.pk}": "Doing",
        f"category-{doing.pk}": "doing",
        f"limit-{doing.pk}": "4",
    }
    ana.post("/t/ANT/settings/columns/", given)
    assert columns_of(world) == [("Ready", "todo", None), ("Doing", "doing", 4), ("Done", "done", None)]
    refused = given | {f"name-{todo.pk}": "Next", f"category-{doing.pk}": "done"}
    answer = ana.post("/t/ANT/settings/columns/", refused)
    assert answer.status_code == 422
    assert "is the last column for" in html(answer)
    assert 'value="Next"' in html(answer), "what was typed stays"
    assert columns_of(world)[0][0] == "Ready"


def test_columns_are_moved_and_taken_away(ana, world):
    ana.post("/t/ANT/settings/columns/", {"do": "add", "name": "Review", "category": "doing"})
    review = Column.objects.get(name="Review")
    ana.post("/t/ANT/settings/columns/", {"do": f"up-{review.pk}"})
    assert [name for name, *_ in columns_of(world)] == ["To do", "Review", "In progress", "Done"]
    item = make_item(world.team, category=Category.DOING, column=review)
    ana.post("/t/ANT/settings/columns/", {"do": f"delete-{review.pk}"})
    assert "Name the column that the items" in html(ana.get("/t/ANT/settings/"))
    target = world.team.columns.get(name="In progress")
    ana.post("/t/ANT/settings/columns/", {"do": f"delete-{review.pk}", "move_to": target.pk})
    item.refresh_from_db()
    assert item.column_id == target.pk
    assert "Review is gone from the board." in html(ana.get("/t/ANT/settings/"))


@pytest.mark.parametrize("do", ["add", "save", "up-{}", "delete-{}"])
def test_columns_are_not_for_everyone(di, world, do):
    column = world.team.columns.last()
    before = columns_of(world)
    given = {"do": do.format(column.pk), "name": "X", "category": "todo", f"name-{column.pk}": "Y"}
    assert di.post("/t/ANT/settings/columns/", given).status_code == 403
    assert columns_of(world) == before


def test_a_team_is_put_away_and_comes_back(ana, world):
    ana.post("/t/ANT/settings/archive/")
    assert ana.get("/t/ANT/settings/").status_code == 404
    ana.post(f"/changes/{Change.objects.latest('pk').pk}/undo/")
    assert ana.get("/t/ANT/settings/").status_code == 200


# Roles, oneself


def test_the_table_of_roles_is_the_one_that_counts(ana):
    page = html(ana.get("/settings/roles/"))
    assert set(queries.VERB_TEXTS) == set(VERBS)
    for text in queries.VERB_TEXTS.values():
        assert str(text) in page


def test_one_changes_the_own_name(di, world):
    assert di.post("/settings/me/", {"kind": "name", "name": "Di Dean"}).status_code == 302
    assert "Di Dean" in html(di.get("/settings/me/"))
    assert Person.objects.get(pk=world.people["di"].pk).name == "Di Dean"


def test_a_new_team_and_a_new_unit_are_taken_back_from_their_toasts(world: World, ana) -> None:
    for kind, form in (("team", {"name": "Bee", "key": "BEE"}), ("unit", {"name": "Patients"})):
        page = ana.post("/settings/teams/", {"kind": kind, **form}, follow=True)
        change = Change.objects.get(name=f"{kind}.created")
        address = f"/changes/{change.pk}/undo/"
        assert address in page.content.decode()
        back = ana.post(address, headers={"referer": f"http://testserver{page.request['PATH_INFO']}"}, follow=True)
        assert back.status_code == 200
        assert Change.objects.filter(undoes=change).exists()
    assert not Unit.objects.filter(name="Patients").exists()
    assert Team.objects.get(key="BEE").archived_at is not None


def test_no_table_of_the_settings_scrolls_sideways_on_a_phone() -> None:
    """Each stands in blocks there (stacked, offered) or is narrow enough (slim)."""
    pages = (Path(headway.web.__file__).parent / "templates").rglob("*.html")
    texts = [text for page in pages if "_settings.html" in (text := page.read_text(encoding="utf-8"))]
    tables = [kind for text in texts for kind in re.findall(r'<table class="([^"]*)"', text)]
    assert len(tables) > 5
    assert [kind for kind in tables if not {"stacked", "offered", "slim"} & {*kind.split()}] == []
