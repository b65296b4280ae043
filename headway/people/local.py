"""In which language, region and time zone somebody is: their own choice, else the organisation's.

The language of the texts and the region of dates and numbers are one choice, "de-CH". Where there are no texts in that
language yet, texts stay in the installation's own and dates and numbers are written as the region does. Both travel in
one language tag, "en-x-de-ch": English texts, Swiss formats; so that whatever keeps a page by its language keeps it by
its formats too.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale, UnknownLocaleError
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from .models import Organisation, Person

#: Offered first to last in the order of their own names; any other that Babel knows is kept where it stands already.
_OFFERED = (
    "ar-AE ar-EG ar-SA bg-BG bn-BD ca-ES cs-CZ da-DK de-AT de-CH de-DE el-GR en-AU en-CA en-GB en-IE "
    "en-IN en-NZ en-SG en-US en-ZA es-AR es-CL es-CO es-ES es-MX et-EE eu-ES fa-IR fi-FI fil-PH fr-BE "
    "fr-CA fr-CH fr-FR ga-IE gl-ES he-IL hi-IN hr-HR hu-HU id-ID is-IS it-CH it-IT ja-JP ka-GE ko-KR "
    "lt-LT lv-LV mk-MK ms-MY nb-NO nl-BE nl-NL pl-PL pt-BR pt-PT ro-RO ru-RU sk-SK sl-SI sq-AL sr-RS "
    "sv-SE sw-KE ta-IN th-TH tr-TR uk-UA ur-PK vi-VN zh-CN zh-HK zh-TW"
)
OFFERED = frozenset(_OFFERED.split())


@contextmanager
def in_place_of(person: Person | None, organisation: Organisation | None) -> Iterator[None]:
    """Run in the time zone, language and formats of a person in an organisation; of nobody, as it was."""
    if organisation is None:
        yield
        return
    with (
        timezone.override(zone_of(person, organisation)),
        translation.override(tag_of(person, organisation)),
    ):
        yield


def zone_of(person: Person | None, organisation: Organisation) -> ZoneInfo:
    """Return a person's time zone; the organisation's where the person has none."""
    return ZoneInfo((person and person.time_zone) or organisation.time_zone)


def tag_of(person: Person | None, organisation: Organisation) -> str:
    """Return the language tag under which pages are made for a person."""
    return _tag((person and person.locale) or organisation.locale)


def week_start_of(person: Person | None, organisation: Organisation) -> int:
    """Return the first day of the week, 0 is Monday."""
    own = person.week_start if person else None
    return organisation.week_start if own is None else own


def choices(present: str = "") -> Sequence[tuple[str, str]]:
    """Return the locales to choose from as (code, its own name), with the one that is chosen."""
    codes = {*OFFERED, *filter(None, [present])}
    named = [(code, str(Locale.parse(code, sep="-").get_display_name() or code)) for code in codes if is_known(code)]
    return sorted(((code, name[:1].upper() + name[1:]) for code, name in named), key=lambda one: one[1].casefold())


def is_known(code: str) -> bool:
    try:
        Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return True


def check_locale(code: str) -> None:
    """Raise ValidationError unless it is empty or a locale that is known."""
    if code and not is_known(code):
        raise ValidationError({"locale": _("%(code)s is no language and region that is known here.") % {"code": code}})


def check_time_zone(name: str) -> None:
    """Raise ValidationError unless it is empty or a time zone that is known."""
    if name and name not in available_timezones():
        raise ValidationError({"time_zone": _("%(zone)s is no time zone that is known here.") % {"zone": name}})


def _tag(code: str) -> str:
    code = code.lower()
    if any(code == tag or code.partition("-")[0] == tag for tag, _name in settings.LANGUAGES):
        return code
    return f"{settings.LANGUAGE_CODE}-x-{code}"
