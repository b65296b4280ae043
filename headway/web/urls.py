"""Every address of the web application.

Names are used everywhere (`url("board", team_key=team.key)`); navigation shows a page as soon as its name exists:
  today · sightline · results · search · settings                    no parts
  backlog · board · forecast · report · import                       team_key
  item (team_key, number) · key-result (key_result_id) · objective (objective_id)
"""

from django.urls import URLPattern, URLResolver, path

from .views import errors, people

urlpatterns: list[URLPattern | URLResolver] = [
    # people: sign-in, one-time links, what is kept for a browser
    path("sign-in/", people.sign_in, name="sign-in"),
    path("sign-out/", people.sign_out, name="sign-out"),
    path("setup/<str:token>/", people.setup, name="setup"),
    path("password/<str:token>/", people.password_link, name="password-link"),
    path("o/switch/", people.switch_organisation, name="switch-organisation"),
    path("changes/<int:change_id>/undo/", people.undo, name="undo"),
    path("theme/", people.theme, name="theme"),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
