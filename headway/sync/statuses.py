"""What a tracker's status means: to do, in progress or done. A status that the table does not name is asked."""

import functools
import re
import unicodedata

TODO, DOING, DONE = "todo", "doing", "done"
SKIP = "skip"
CATEGORIES = (TODO, DOING, DONE)
ANSWERS = (*CATEGORIES, SKIP)

# One line a language. Names that mean one thing here and another there (on hold, blocked, parked, waiting, ready to
# merge…) are left out on purpose: they are asked.
_KNOWN: dict[str, str] = {
    TODO: """
        to do|todo|to-do|open|opened|new|backlog|product backlog|sprint backlog|selected for development|reopened|
        ready|ready for development|ready for dev|ready to start|not started|planned|in refinement|refinement|
        refined|triage|needs triage|unstarted|created|proposed|draft|ideas|idea|accepted for sprint|committed|
        por hacer|tareas por hacer|pendiente|pendientes|abierto|abierta|nuevo|nueva|sin empezar|por iniciar|
        seleccionado para desarrollo|listo para desarrollo|lista de tareas pendientes|reabierto|reabierta|
        zu erledigen|offen|neu|nicht begonnen|bereit|wiedereröffnet|für entwicklung ausgewählt|
        à faire|ouvert|ouverte|nouveau|nouvelle|non commencé|rouvert|sélectionné pour le développement|
        a fazer|aberto|aberta|novo|nova|itens pendentes|tarefas pendentes|não iniciado|reaberto|
        da fare|da completare|aperto|aperta|nuovo|riaperto|da iniziare|
        te doen|nog te doen|openstaand|nieuw|do zrobienia|otwarte|nowe|att göra|öppen|ny|nytt|å gjøre|åpen|
        at gøre|åben|tehtävä|avoin|udělat|otevřené|teendő|к выполнению|сделать|открыт|открыто|новая|новый|
        до виконання|yapılacaklar|yapılacak|açık|作業前|未着手|待办|待辦事項|未开始|할 일|해야 할 일|de făcut
    """,
    DOING: """
        in progress|doing|started|in development|development|development in progress|in dev|implementing|active|
        under development|work in progress|wip|in review|review|code review|in code review|under review|peer review|
        ready for review|ready for code review|pr review|pull request|patch available|in qa|qa|qa in progress|
        ready for qa|ready for test|ready for testing|in test|in testing|testing|test|verifying|verification|
        in verification|validation|in validation|in uat|uat|ready for uat|ready for release|ready to release|
        ready for deployment|ready for sign-off|in analysis|analysis in progress|
        en curso|en progreso|en proceso|en desarrollo|en revisión|revisión|en pruebas|pruebas|haciendo|
        en validación|en análisis|listo para pruebas|probando|desarrollo en curso|
        in arbeit|in bearbeitung|wird ausgeführt|in entwicklung|in prüfung|im test|im review|in überprüfung|
        en cours|en développement|en cours de développement|en revue|en test|en recette|
        em andamento|em progresso|em desenvolvimento|em revisão|em teste|fazendo|em análise|
        in corso|in lavorazione|in sviluppo|in revisione|in test|
        in uitvoering|bezig|mee bezig|w toku|w trakcie|pågår|pågående|under arbeid|i gang|igangværende|työn alla|
        käynnissä|probíhá|folyamatban|в работе|выполняется|в процессе|на проверке|в роботі|devam ediyor|
        進行中|作業中|进行中|正在进行|処理中|진행 중|진행중|în curs
    """,
    DONE: """
        done|closed|resolved|complete|completed|finished|released|deployed|live|in production|shipped|delivered|
        accepted|verified|merged|fixed|won't do|wont do|won't fix|wontfix|rejected|cancelled|canceled|declined|
        duplicate|abandoned|obsolete|archived|not planned|
        hecho|hecha|listo|lista|finalizado|finalizada|terminado|terminada|cerrado|cerrada|resuelto|resuelta|
        completado|completada|rechazado|rechazada|cancelado|cancelada|descartado|descartada|
        fertig|erledigt|geschlossen|abgeschlossen|gelöst|fertiggestellt|abgelehnt|
        terminé|terminée|terminé(e)|fini|fermé|fermée|résolu|résolue|livré|rejeté|annulé|
        concluído|concluída|itens concluídos|feito|feita|fechado|fechada|resolvido|resolvida|finalizado(a)|pronto|
        completato|completata|fatto|chiuso|chiusa|risolto|completo|
        gereed|klaar|afgerond|gesloten|opgelost|zrobione|gotowe|zamknięte|rozwiązane|klar|klart|färdig|stängd|
        ferdig|lukket|færdig|udført|valmis|suljettu|hotovo|dokončeno|uzavřeno|kész|lezárva|готово|закрыт|закрыто|
        решено|выполнено|сделано|виконано|tamam|tamamlandı|bitti|kapatıldı|完了|完成|已完成|解決済み|已关闭|已解决|
        완료|완료됨|închis|finalizat|gata
    """,
}

# Ends without delivery: counted as done with, never as delivered.
_DROPPED = """
    won't do|wont do|won't fix|wontfix|will not do|rejected|cancelled|canceled|declined|duplicate|abandoned|obsolete|
    invalid|not planned|not_planned|cannot reproduce|can't reproduce|incomplete|not a bug|not a problem|works for me|
    won’t do|won’t fix|no se hará|no se va a hacer|rechazado|rechazada|cancelado|cancelada|descartado|descartada|
    duplicado|duplicada|no se puede reproducir|no reproducible|abgelehnt|duplikat|wird nicht erledigt|verworfen|
    rejeté|annulé|dupliqué|doublon|ne sera pas fait|não será feito|duplicado(a)|não vou fazer|
    information provided|later|auto closed|won't be done|out of scope|superseded
"""

_CATEGORY_KEYS = {"new": TODO, "indeterminate": DOING, "undefined": ""}


def category_of(status: str) -> str | None:
    """Return what a status means, or None where only a person can say."""
    return _TABLE.get(plain_status(status))


def category_from_tracker(category: str) -> str | None:
    """Return what the tracker's own status category says ("In Progress", "Por hacer", "indeterminate")."""
    plain = plain_status(category)
    return _CATEGORY_KEYS.get(plain) or _TABLE.get(plain)


def is_dropped(text: str) -> bool:
    """Say whether a resolution or a status means that it ended without being delivered."""
    return plain_status(text) in _DROPPED_NAMES


@functools.lru_cache(maxsize=4096)
def plain_status(text: str) -> str:
    """Return a status as it is compared: without case, underscores and needless blanks."""
    text = unicodedata.normalize("NFKC", text).replace("_", " ").replace("’", "'").casefold()
    return re.sub(r"\s+", " ", text).strip()


def _names(lines: str) -> list[str]:
    return [plain_status(name) for name in lines.split("|") if name.strip()]


_TABLE = {name: category for category, lines in _KNOWN.items() for name in _names(lines)}
_DROPPED_NAMES = frozenset(_names(_DROPPED))
