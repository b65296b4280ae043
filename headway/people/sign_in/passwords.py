"""What a password must be, and how it is kept. Looked at only when one is set."""

import hashlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from ..models import Person

WANTED_SCORE = 3  # of 4: about 10^8 guesses and more
NEAR = 256  # [bytes] several lines of a list of hashes
LONGEST = 128  # [characters] looked at: the estimate's cost grows faster than the length


class StrengthValidator:
    """Refuse what is guessed in fewer than about 10^8 tries, and say why (zxcvbn; Wheeler, USENIX Security 2016)."""

    def validate(self, password: str, user: "Person | None" = None) -> None:
        # Imported late: the lists of common words take 8 MB, and few processes ever set a password.
        from zxcvbn_rs_py import zxcvbn

        found = zxcvbn(password[:LONGEST], _known_of(user))
        if int(found.score) >= WANTED_SCORE:
            return
        feedback = found.feedback
        warning = _reasons().get(_name(feedback.warning)) if feedback and feedback.warning else None
        advice = [_advice().get(_name(item)) for item in (feedback.suggestions if feedback else [])]
        told = [text for text in [warning or _("This is too easy to guess."), *advice] if text]
        raise ValidationError(" ".join(dict.fromkeys(told)), code="password_too_weak")

    def get_help_text(self) -> str:
        return _("Several words that do not belong together make a strong one.")


class BreachedValidator:
    """Refuse what stands in a local list of leaked passwords (the setting HEADWAY_BREACHED_PASSWORDS)."""

    def validate(self, password: str, user: "Person | None" = None) -> None:
        source = settings.BREACHED_PASSWORDS
        if source and is_breached(password, Path(source)):
            raise ValidationError(
                _("This password was published after a break-in elsewhere. Choose another."), code="password_breached"
            )

    def get_help_text(self) -> str:
        return _("It must not stand in a list of leaked passwords.")


def is_breached(password: str, source: Path) -> bool:
    """Say whether `source` holds the password's SHA-1.

    `source` is a file of lines `HASH` or `HASH:COUNT` in order of the hash, or a folder with a file `ABCDE.txt` for
    each first five digits, of lines `REST:COUNT`: the two forms in which Have I Been Pwned gives its list.
    """
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    if not source.is_dir():
        return _is_in_ordered_file(digest, source)
    part = source / f"{digest[:5]}.txt"
    if not part.exists():
        return False
    with part.open(encoding="ascii") as lines:
        return any(line[:35].upper() == digest[5:] for line in lines)


class Argon2(Argon2PasswordHasher):
    """Argon2id with 9 MiB and four rounds (one of OWASP's equal choices): about 20 ms, in little memory.

    Two at a time: eight threads at once would take eight times the memory.
    """

    time_cost = 4
    memory_cost = 9 * 1024  # [KiB]
    parallelism = 1
    _turns = threading.BoundedSemaphore(2)

    def encode(self, password: str, salt: Any) -> str:
        with self._turns:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with self._turns:
            return super().verify(password, encoded)


def _is_in_ordered_file(digest: str, source: Path) -> bool:
    """Search by halves: the whole list has tens of gigabytes."""
    wanted = digest.encode()
    with source.open("rb") as file:
        low, high = 0, file.seek(0, 2)
        while low < high:
            middle = (low + high) // 2
            file.seek(middle)
            if middle:
                file.readline()
            line = file.readline()
            if not line or line[:40].upper() >= wanted:
                high = middle
            else:
                low = middle + 1
        file.seek(max(0, low - NEAR))
        return any(line[:40].upper() == wanted for line in file.read(2 * NEAR).splitlines())


def _known_of(person: "Person | None") -> list[str]:
    """Return what everybody knows of a person, and the product's name."""
    if person is None:
        return ["headway"]
    return ["headway", *person.name.split(), person.email, *person.email.replace("@", ".").split(".")]


def _name(member: Any) -> str:
    return repr(member).rpartition(".")[2]


def _reasons() -> dict[str, str]:
    return {
        "AWordByItselfIsEasyToGuess": _("A word by itself is easy to guess."),
        "CommonNamesAndSurnamesAreEasyToGuess": _("Common names are easy to guess."),
        "DatesAreOftenEasyToGuess": _("Dates are easy to guess."),
        "NamesAndSurnamesByThemselvesAreEasyToGuess": _("Names by themselves are easy to guess."),
        "RecentYearsAreEasyToGuess": _("Recent years are easy to guess."),
        "RepeatsLikeAaaAreEasyToGuess": _("Repeated characters are easy to guess."),
        "RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess": _("Repeats are hardly harder to guess than once."),
        "SequencesLikeAbcAreEasyToGuess": _("Sequences like abc or 6543 are easy to guess."),
        "ShortKeyboardPatternsAreEasyToGuess": _("Short patterns on the keyboard are easy to guess."),
        "StraightRowsOfKeysAreEasyToGuess": _("Rows of keys are easy to guess."),
        "ThisIsACommonPassword": _("This is a very common password."),
        "ThisIsATop100Password": _("This is one of the hundred most common passwords."),
        "ThisIsATop10Password": _("This is one of the ten most common passwords."),
        "ThisIsSimilarToACommonlyUsedPassword": _("This is similar to a common password."),
    }


def _advice() -> dict[str, str]:
    return {
        "AddAnotherWordOrTwo": _("Add another word or two; uncommon ones are better."),
        "UseAFewWordsAvoidCommonPhrases": _("Use a few words, no common phrase."),
        "UseALongerKeyboardPatternWithMoreTurns": _("Use several words instead of a pattern of keys."),
        "AvoidRepeatedWordsAndCharacters": _("Avoid repeated words and characters."),
        "AvoidSequences": _("Avoid sequences."),
        "AvoidRecentYears": _("Avoid recent years."),
        "AvoidYearsThatAreAssociatedWithYou": _("Avoid years that have to do with you."),
        "AvoidDatesAndYearsThatAreAssociatedWithYou": _("Avoid dates that have to do with you."),
        "CapitalizationDoesntHelpVeryMuch": _("Capital letters do not help very much."),
        "PredictableSubstitutionsDontHelpVeryMuch": _("Substitutions like @ for a do not help very much."),
        "ReversedWordsArentMuchHarderToGuess": _("Reversed words are not much harder to guess."),
    }
