"""What a tracker's type of issue is among our kinds."""

from headway.scrum.models import Item

from .statuses import plain_status

_KNOWN: dict[str, str] = {
    Item.Kind.STORY: """
        story|user story|stories|feature|new feature|feature request|enhancement|improvement|change request|requirement|
        historia|historia de usuario|mejora|nueva función|nueva funcionalidad|funcionalidad|anwenderstory|neue funktion|
        verbesserung|récit|récit utilisateur|amélioration|nouvelle fonctionnalité|história|melhoria|funcionalidade
    """,
    Item.Kind.BUG: """
        bug|defect|incident|problem|error|fault|regression|production support|hotfix|fallo|defecto|incidente|
        fehler|anomalie|bogue|erro|defeito|errore|fout|błąd|ошибка
    """,
    Item.Kind.TASK: """
        task|chore|documentation|doc|test|technical task|maintenance|support|work|dependency upgrade|wish|tarea|
        aufgabe|tâche|tarefa|attività|taak|zadanie|задача|uppgift|oppgave|opgave
    """,
    Item.Kind.EPIC: "epic|initiative|theme|épica|epica|iniciativa|epos|épopée|épico",
    Item.Kind.SUBTASK: """
        sub-task|subtask|sub task|subtarea|sub-tarea|unteraufgabe|teilaufgabe|sous-tâche|subtarefa|sottotask|
        sub-bug|sub-defect|подзадача|deltaak|podzadanie
    """,
    Item.Kind.SPIKE: "spike|research|investigation|investigación|experiment|recherche|untersuchung",
}

_TABLE = {plain_status(name): kind for kind, names in _KNOWN.items() for name in names.split("|") if name.strip()}


def kind_of(raw: str) -> str:
    """Return our kind of a tracker's type; a story where the file names none, other where nobody knows it."""
    return _TABLE.get(plain_status(raw), Item.Kind.OTHER) if raw else Item.Kind.STORY
