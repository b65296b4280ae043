"""Every address of the web application.

Names are used everywhere (`url("board", team_key=team.key)`); navigation shows a page as soon as its name exists:
  today · sightline · results · search · settings                    no parts
  backlog · board · forecast · report · import                       team_key
  item (team_key, number) · key-result (key_result_id) · objective (objective_id)
"""

from django.urls import URLPattern, URLResolver, path

from .views import (
    backlog,
    bets,
    board,
    check_ins,
    cycles,
    demo,
    errors,
    forecasts,
    health,
    imports,
    items,
    key_results,
    linking,
    okr_import,
    okrs,
    people,
    report,
    search,
    settings,
    sightline,
    sprints,
    today,
)

urlpatterns: list[URLPattern | URLResolver] = [
    # people: sign-in, one-time links, what is kept for a browser
    path("sign-in/", people.sign_in, name="sign-in"),
    path("sign-out/", people.sign_out, name="sign-out"),
    path("setup/<str:token>/", people.setup, name="setup"),
    path("password/<str:token>/", people.password_link, name="password-link"),
    path("o/switch/", people.switch_organisation, name="switch-organisation"),
    path("changes/<int:change_id>/undo/", people.undo, name="undo"),
    path("theme/", people.theme, name="theme"),
    path("keys/", people.keys, name="keys"),
    path("healthz/", health.healthz, name="healthz"),
    # today
    path("", today.today, name="today"),
    # the demonstration
    path("demo/", demo.demonstration, name="demonstration"),
    path("demo/load/", demo.load, name="demonstration-load"),
    path("demo/delete/", demo.delete, name="demonstration-delete"),
    # report
    path("t/<str:team_key>/report/", report.report, name="report"),
    path("t/<str:team_key>/report.<str:suffix>", report.export, name="report-export"),
    # OKRs: the overview, objectives, Key Results, measurements, the import, the line of sight
    path("sightline/", sightline.sightline, name="sightline"),
    path("okrs/", okrs.overview, name="results"),
    path("check-in/", check_ins.check_in, name="check-in"),
    path("okrs/objectives/new/", okrs.new_objective, name="new-objective"),
    path("okrs/objectives/<int:objective_id>/", okrs.objective, name="objective"),
    path("okrs/objectives/<int:objective_id>/edit/", okrs.edit_objective, name="edit-objective"),
    path("okrs/objectives/<int:objective_id>/archive/", okrs.archive_objective, name="archive-objective"),
    path("okrs/objectives/<int:objective_id>/move/", okrs.move_objective, name="move-objective"),
    path("okrs/objectives/<int:objective_id>/new/", key_results.new_key_result, name="new-key-result"),
    path("okrs/<int:key_result_id>/", key_results.key_result, name="key-result"),
    path("okrs/<int:key_result_id>/edit/", key_results.edit_key_result, name="edit-key-result"),
    path("okrs/<int:key_result_id>/archive/", key_results.archive_key_result, name="archive-key-result"),
    path("okrs/<int:key_result_id>/move/", key_results.move_key_result, name="move-key-result"),
    path("okrs/<int:key_result_id>/align/", key_results.align, name="align"),
    path("okrs/<int:key_result_id>/measure/", check_ins.measure, name="measure"),
    path("okrs/<int:key_result_id>/decide/", check_ins.decide, name="decide"),
    path("okrs/measurements/<int:measurement_id>/", check_ins.measurement, name="measurement"),
    path("t/<str:team_key>/okrs/import/", okr_import.upload, name="okr-import"),
    path("okrs/imports/<int:import_id>/", okr_import.run, name="okr-import-run"),
    path("okrs/imports/<int:import_id>/undo/", okr_import.undo, name="okr-import-undo"),
    # a tracker's export: the file, what becomes of it, as it runs, what it did
    path("t/<str:team_key>/import/", imports.imports, name="import"),
    path("t/<str:team_key>/import/conflicts/", imports.conflicts, name="import-conflicts"),
    path("t/<str:team_key>/import/<int:run_id>/", imports.run, name="import-run"),
    path("t/<str:team_key>/import/<int:run_id>/look/", imports.look, name="import-look"),
    path("t/<str:team_key>/import/<int:run_id>/answers/", imports.answers, name="import-answers"),
    path("t/<str:team_key>/import/<int:run_id>/start/", imports.start, name="import-start"),
    path("t/<str:team_key>/import/<int:run_id>/progress/", imports.progress, name="import-progress"),
    path("t/<str:team_key>/import/<int:run_id>/stop/", imports.stop, name="import-stop"),
    path("t/<str:team_key>/import/<int:run_id>/undo/", imports.undo, name="import-undo"),
    path("t/<str:team_key>/import/<int:run_id>/statuses/", imports.statuses, name="import-statuses"),
    path("t/<str:team_key>/import/<int:run_id>/rows.csv", imports.rows, name="import-rows"),
    # value: the value sheet, links, bets, verdicts, forecasts
    path("t/<str:team_key>/backlog/", backlog.backlog, name="backlog"),
    path("t/<str:team_key>/backlog/link/", linking.link_many, name="link-many"),
    path("t/<str:team_key>/link/", linking.link, name="link"),
    path("t/<str:team_key>/link/item/", linking.link_one, name="link-one"),
    path("t/<str:team_key>/forecast/", forecasts.forecast, name="forecast"),
    path("t/<str:team_key>/items/<int:number>/why/", backlog.why, name="why"),
    path("t/<str:team_key>/items/<int:number>/rank/", backlog.rank, name="rank"),
    path("t/<str:team_key>/items/<int:number>/move/", backlog.move, name="move-to-rank"),
    path("t/<str:team_key>/items/<int:number>/not-now/", backlog.not_now, name="not-now"),
    path("t/<str:team_key>/items/<int:number>/back/", backlog.back_to_now, name="bring-back"),
    path("t/<str:team_key>/items/<int:number>/bet/", bets.bet, name="bet"),
    path("t/<str:team_key>/items/<int:number>/link/", linking.link_item, name="link-item"),
    path("t/<str:team_key>/not-now/<int:not_now_id>/told/", backlog.told, name="told"),
    path("t/<str:team_key>/links/<int:serves_id>/remove/", linking.unlink, name="unlink"),
    path("t/<str:team_key>/bets/<int:bet_id>/", bets.edit_bet, name="edit-bet"),
    path("t/<str:team_key>/bets/<int:bet_id>/withdraw/", bets.withdraw, name="withdraw-bet"),
    path("t/<str:team_key>/bets/<int:bet_id>/verdict/", bets.verdict, name="verdict"),
    path("t/<str:team_key>/bets/<int:bet_id>/verdict/withdraw/", bets.unjudge, name="withdraw-verdict"),
    # scrum: the board, items, Sprints
    path("t/<str:team_key>/board/", board.board, name="board"),
    path("t/<str:team_key>/board/beside/", board.aside, name="board-aside"),
    path("t/<str:team_key>/board/pull/", board.pull, name="board-pull"),
    path("t/<str:team_key>/items/new/", items.new, name="item-new"),
    path("t/<str:team_key>/items/<int:number>/", items.item, name="item"),
    path("t/<str:team_key>/items/<int:number>/edit/", items.edit, name="item-edit"),
    path("t/<str:team_key>/items/<int:number>/column/", board.move, name="item-move"),
    path("t/<str:team_key>/items/<int:number>/block/", board.block, name="item-block"),
    path("t/<str:team_key>/items/<int:number>/sprint/", items.sprint, name="item-sprint"),
    path("t/<str:team_key>/items/<int:number>/remove/", items.remove, name="item-remove"),
    path("t/<str:team_key>/items/<int:number>/restore/", items.restore, name="item-restore"),
    path("t/<str:team_key>/items/<int:number>/conflicts/<int:conflict_id>/", items.conflict, name="item-conflict"),
    path("t/<str:team_key>/sprints/", sprints.sprints, name="sprints"),
    path("t/<str:team_key>/sprints/<int:number>/", sprints.sprint, name="sprint"),
    path("t/<str:team_key>/sprints/<int:number>/start/", sprints.start, name="sprint-start"),
    path("t/<str:team_key>/sprints/<int:number>/close/", sprints.close, name="sprint-close"),
    path("search/", search.search, name="search"),
    # settings
    path("settings/", settings.home, name="settings"),
    path("settings/organisation/", settings.organisation, name="organisation-settings"),
    path("settings/teams/", settings.teams, name="teams"),
    path("settings/units/<int:unit_id>/", settings.unit, name="unit"),
    path("settings/members/", settings.members, name="members"),
    path("settings/members/<int:membership_id>/", settings.member, name="member"),
    path("settings/roles/", settings.roles, name="roles"),
    path("settings/cycles/", cycles.cycles, name="cycles"),
    path("settings/cycles/<int:cycle_id>/", cycles.cycle, name="cycle"),
    path("settings/cycles/<int:cycle_id>/archive/", cycles.archive_cycle, name="archive-cycle"),
    path("settings/me/", settings.profile, name="profile"),
    path("settings/browser/", settings.browser, name="browser-settings"),
    path("t/<str:team_key>/settings/", settings.team, name="team-settings"),
    path("t/<str:team_key>/settings/columns/", settings.columns, name="columns"),
    path("t/<str:team_key>/settings/archive/", settings.archive_team, name="archive-team"),
    path("t/<str:team_key>/people/", settings.people, name="people"),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
