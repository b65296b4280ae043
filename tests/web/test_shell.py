"""The frame of every page: who gets in, what a browser may do with it, notes with Undo, errors that say what to do."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client, RequestFactory

import headway.web
from headway.live.models import Change
from headway.people import actions
from headway.people.models import Role, TeamRole
from headway.web import icons, storage
from headway.web.views import errors, toast, trigger
from tests.world import World, make_world

WEB = Path(headway.web.__file__).parent
pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def ana(client: Client, world: World) -> Client:
    client.force_login(world.people["ana"])
    return client


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


# Who gets in


def test_a_stranger_is_asked_to_sign_in_and_comes_back(client):
    answer = client.get("/settings/me/?tab=1")
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in/?next=/settings/me/%3Ftab%3D1"


def test_a_stranger_over_htmx_is_sent_there_whole(client):
    answer = client.get("/settings/me/", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert answer["HX-Redirect"] == "/sign-in/"
    assert answer.content == b""


def test_somebody_of_no_organisation_is_told_so(client, world):
    world.people["cy"].memberships.all().delete()
    client.force_login(world.people["cy"])
    answer = client.get("/settings/me/")
    assert answer.status_code == 403
    assert "part of no organisation" in answer.content.decode()


def test_a_deactivated_member_is_out_at_once(client, world):
    client.force_login(world.people["cy"])
    assert client.get("/settings/me/").status_code == 200
    actions.deactivate_member(world.people["cy"].memberships.get(), by=world.ana)
    answer = client.get("/settings/me/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=/settings/me/")


# What a browser may do with a page


@pytest.mark.parametrize("address", ["/sign-in/", "/settings/me/", "/nowhere/"])
def test_every_answer_forbids_what_is_foreign_or_inline(ana, address):
    answer = ana.get(address)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_page_is_kept_by_no_shared_cache(ana):
    assert ana.get("/settings/me/")["Cache-Control"] == "private, no-cache"


# Errors


def test_a_stranger_and_a_member_see_that_nothing_is_there(client, world):
    assert "Nothing here" in client.get("/nowhere/").content.decode()
    client.force_login(world.people["di"])
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "Go to Today" in answer.content.decode()
    assert "Di Dorn" in answer.content.decode()


def test_the_team_of_others_is_absent(ana):
    assert ana.get("/t/EEL/people/").status_code == 404
    assert ana.get("/t/ANT/people/").status_code == 200


def test_who_lacks_the_right_is_told_who_has_it(client, world):
    client.force_login(world.people["di"])
    answer = client.post("/t/ANT/people/", {"kind": "set", "person": world.people["cy"].pk, "roles": ["stakeholder"]})
    assert answer.status_code == 403
    told = answer.content.decode()
    assert "This is not yours to do" in told
    assert "Scrum Master, administrators" in told


def test_over_htmx_a_refusal_is_a_note(client, world):
    client.force_login(world.people["di"])
    answer = client.post(
        "/t/ANT/people/",
        {"kind": "set", "person": world.people["cy"].pk, "roles": ["stakeholder"]},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 403
    (note,) = json.loads(answer["HX-Trigger"])["toasts"]
    assert note["tone"] == "bad"
    assert "Your roles do not allow this" in note["message"]


def test_a_form_without_its_token_is_refused_with_a_way_out(world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people["ana"])
    answer = client.post("/settings/me/", {"kind": "name", "name": "Ana"})
    assert answer.status_code == 403
    assert "The form was too old" in answer.content.decode()


def test_the_page_for_our_own_failure_needs_no_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = errors.server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "This is our fault" in answer.content.decode()


def test_a_failure_is_shown_as_such(client, world, monkeypatch):
    def fail(*args: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("headway.web.views.settings.queries.verbs_and_roles", fail)
    client.force_login(world.people["ana"])
    client.raise_request_exception = False
    answer = client.get("/settings/roles/")
    assert answer.status_code == 500
    assert "boom" not in answer.content.decode()
    assert "Headway failed" in answer.content.decode()


# Navigation


def test_navigation_marks_the_section_and_names_its_keys(ana):
    html = page(ana, "/settings/me/")
    (current,) = re.findall(r'<a href="([^"]*)" data-key="([^"]*)"[^>]*aria-current="page"', html)
    assert current == ("/settings/", "G ,")


def test_no_link_of_the_shell_leads_nowhere(ana):
    html = page(ana, "/t/ANT/people/")
    links = set(re.findall(r'href="(/(?!static/)[^"#]*)"', html))
    assert {"/settings/", "/t/ANT/settings/"} <= links
    for address in sorted(links):
        answer = ana.get(address, follow=True)
        assert answer.status_code == 200, address


def test_a_team_link_keeps_the_page(ana, world):
    actions.create_team(world.organisation, by=world.ana, key="BEE", name="Bee")
    assert 'href="/t/BEE/people/"' in page(ana, "/t/ANT/people/")


def test_the_last_team_stays_the_current_one(ana, world):
    actions.create_team(world.organisation, by=world.ana, key="BEE", name="Bee")
    page(ana, "/t/BEE/people/")
    assert "<b>Bee</b>" in page(ana, "/settings/me/")
    page(ana, "/t/ANT/people/")
    assert "<b>Ant</b>" in page(ana, "/settings/me/")


def test_the_shell_costs_a_constant_number_of_queries(ana, world, django_assert_num_queries):
    def count() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as asked:
            page(ana, "/settings/me/")
        return len(asked)

    few = count()
    for number in range(8):
        actions.create_team(world.organisation, by=world.ana, key=f"T{number}", name=f"Team {number}")
    assert count() == few
    assert few <= 12


# Notes


def test_a_note_is_shown_once_on_the_next_page_with_undo(ana, world):
    TeamRole.objects.filter(person=world.people["cy"]).delete()
    ana.post("/t/ANT/people/", {"kind": "give", "person": world.people["cy"].pk, "roles": ["developer"]})
    change = Change.objects.latest("pk")
    html = page(ana, "/t/ANT/people/")
    assert "Roles of Cy Cole saved." in html
    assert f'action="/changes/{change.pk}/undo/"' in html
    assert "Roles of Cy Cole saved." not in page(ana, "/t/ANT/people/")


def test_over_htmx_a_note_comes_with_the_answer(rf):
    request = rf.get("/", headers={"HX-Request": "true"})
    request.session = {}
    toast(request, "Moved.")
    from django.http import HttpResponse

    from headway.web.middleware import _carry_toasts

    answer = trigger(HttpResponse(), moved=7)
    _carry_toasts(request, answer)
    assert json.loads(answer["HX-Trigger"]) == {
        "moved": 7,
        "toasts": [{"message": "Moved.", "change": None, "tone": "", "undo": ""}],
    }
    assert request.session == {}


def test_undo_takes_an_action_back_and_says_so(ana, world):
    change = actions.set_roles(world.team, world.people["cy"], [Role.STAKEHOLDER], by=world.ana)
    answer = ana.post(f"/changes/{change.pk}/undo/", headers={"Referer": "http://testserver/t/ANT/people/"})
    assert answer["Location"] == "/t/ANT/people/"
    assert world.people["cy"].team_roles.get().role == Role.DEVELOPER
    assert "Taken back." in page(ana, "/t/ANT/people/")


def test_undo_says_why_it_is_too_late(ana, world):
    change = actions.set_roles(world.team, world.people["cy"], [Role.STAKEHOLDER], by=world.ana)
    actions.set_roles(world.team, world.people["cy"], [Role.SCRUM_MASTER], by=world.ana)
    ana.post(f"/changes/{change.pk}/undo/")
    told = "Ana Abel changed the roles of Cy Cole since. Take that back first, or change it by hand."
    assert told in page(ana, "/t/ANT/people/")
    assert world.people["cy"].team_roles.get().role == Role.SCRUM_MASTER


def test_undo_of_others_is_absent_and_of_the_unentitled_refused(client, world):
    change = actions.set_roles(world.team, world.people["cy"], [Role.STAKEHOLDER], by=world.ana)
    client.force_login(world.people["eve"])
    assert client.post(f"/changes/{change.pk}/undo/").status_code == 404
    client.force_login(world.people["di"])
    assert client.post(f"/changes/{change.pk}/undo/").status_code == 403
    assert world.people["cy"].team_roles.get().role == Role.STAKEHOLDER


def test_undo_leads_to_no_foreign_place(ana, world):
    change = actions.set_roles(world.team, world.people["cy"], [Role.STAKEHOLDER], by=world.ana)
    answer = ana.post(f"/changes/{change.pk}/undo/", {"next": "https://evil.example/"})
    assert answer["Location"] == "/"


# What a browser keeps


def test_the_theme_is_kept_and_drawn_by_the_server(ana):
    assert "data-theme" not in page(ana, "/settings/me/").split("<body", 1)[0]
    ana.post("/theme/", {"theme": "dark"})
    assert '<html lang="en" dir="ltr" data-theme="dark">' in page(ana, "/settings/me/")
    ana.post("/theme/", {"theme": ""})
    assert "data-theme" not in page(ana, "/settings/me/").split("<body", 1)[0]


def test_an_unknown_theme_is_none(ana):
    ana.cookies["theme"] = '"><script>'
    assert "data-theme" not in page(ana, "/settings/me/").split("<body", 1)[0]


def test_single_letters_can_be_switched_off(ana):
    ana.post("/keys/", {})
    assert 'data-keys="off"' in page(ana, "/settings/me/").split("<body", 1)[0]
    ana.post("/keys/", {"keys": "on"})
    assert 'data-keys="off"' not in page(ana, "/settings/me/").split("<body", 1)[0]


# What pages are made of


def test_every_icon_of_a_template_is_drawn():
    used = {
        name
        for template in (WEB / "templates").rglob("*.html")
        for name in re.findall(r"""\bicon\("([a-z-]+)"|symbol="([a-z-]+)""", template.read_text())
        for name in name
        if name
    }
    assert used
    assert used <= set(icons.PATHS)


def test_every_behaviour_of_a_template_has_its_module():
    source = (WEB / "static/js/behaviours.js").read_text()
    known = dict(re.findall(r'"?([a-z-]+)"?: \(\) => import\("\./([a-z-]+\.js)"\)', source))
    used = {
        name
        for template in (WEB / "templates").rglob("*.html")
        for names in re.findall(r'data-behaviour="([^"{]+)"', template.read_text())
        for name in names.split()
    }
    assert used
    assert used <= set(known)
    for file in known.values():
        assert "export function mount(" in (WEB / "static/js" / file).read_text(), file


def test_vendored_files_are_what_they_were_taken_for():
    folder = WEB / "static/vendor"
    listed = dict(
        re.findall(r"^\| (\S+\.js) \|.*`([0-9a-f]{64})` \|$", (folder / "VENDORED.md").read_text(), re.MULTILINE)
    )
    assert set(listed) == {path.name for path in folder.glob("*.js")}
    for name, digest in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name


def test_static_files_are_served_under_hashed_names(tmp_path, settings):
    """Every url() and import in them leads to a file, or collecting them fails."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "headway.web.storage.HashedStatic"}}
    call_command("collectstatic", interactive=False, verbosity=0)
    paths = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    behaviours = (tmp_path / paths["js/behaviours.js"]).read_text()
    assert Path(paths["js/theme.js"]).name in behaviours
    styles = (tmp_path / paths["css/headway.css"]).read_text()
    assert "@import" not in styles
    assert "@layer components{.btn{" in styles
    assert "/*" not in styles
    assert "// Binds" not in behaviours
    assert f"../fonts/{Path(paths['fonts/inter-opsz.woff2']).name}" in styles


def test_styles_lose_nothing_but_comments_and_white_space():
    given = """
    /* Knobs: none. { */
    .a :is(.b, .c):hover > i { color: red; content: "a  {b: c}"; --x: calc(1px + 2px) }
    @media (width < 10px) { .a { &:first-child { margin: -1px 0 } } }
    """
    assert storage.terse_styles(given).strip() == (
        '.a :is(.b,.c):hover > i{color:red;content:"a  {b: c}";--x:calc(1px + 2px)}'
        "@media (width < 10px){.a{&:first-child{margin:-1px 0}}}"
    )


def test_scripts_lose_nothing_but_comments_and_indentation():
    given = "// What it is for.\nimport { a } from './a.js';\n\n  // Why.\n  a('//b', `  c`);\n"
    assert storage.terse_script(given) == "import { a } from './a.js';\na('//b', `  c`);\n"


def test_no_string_of_a_script_goes_over_several_lines():
    """Its indentation would be taken away."""
    for path in (WEB / "static/js").glob("*.js"):
        for line in path.read_text().splitlines():
            assert line.count("`") % 2 == 0, f"{path.name}: {line}"


def test_every_style_sheet_is_part_of_one_that_is_linked():
    folder = WEB / "static/css"
    linked = {"headway.css", "more.css"}
    named = [one for name in linked for one in re.findall(r'@import url\("([^"]+)"\)', (folder / name).read_text())]
    assert sorted(named) == sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*.css") if path.name not in linked
    )


def test_what_pages_without_the_second_style_sheet_say_is_styled_by_the_first(ana):
    """Their templates, and those that come into them, use no class that the second alone has a rule for."""
    folder, templates = WEB / "static/css", WEB / "templates"
    by_sheet = {}
    for sheet in ["headway.css", "more.css"]:
        files = re.findall(r'@import url\("([^"]+)"\)', (folder / sheet).read_text())
        text = "".join(storage.terse_styles((folder / name).read_text()) for name in files)
        by_sheet[sheet] = set(re.findall(r"\.([a-z][\w-]+)", re.sub(r"\{[^{}]*\}", "{}", text)))
    alone = by_sheet["more.css"] - by_sheet["headway.css"]
    assert "cal" in alone
    shown = [path for part in ["board", "value", "items", "today"] for path in (templates / part).glob("*.html")]
    shown += [path for path in templates.glob("_*.html") if path.name != "_settings.html"]
    for path in shown:
        used = {word for group in re.findall(r'class="([^"]*)"', path.read_text()) for word in group.split()}
        assert not used & alone, path.name
    without = [one for one in ["/", "/t/ANT/board/", "/t/ANT/backlog/"] if "css/more" not in page(ana, one)]
    assert without == ["/", "/t/ANT/board/", "/t/ANT/backlog/"]
    assert "css/more" in page(ana, "/settings/me/")


def test_settings_name_a_page_to_land_on(ana):
    assert settings.LOGIN_REDIRECT_URL == "today"
    assert ana.get("/").status_code == 200
