"""The public holidays of a country or of a region of it, from the library `holidays`.

The library is loaded when somebody first asks, so that a process in which nobody does is neither larger nor slower.
"""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from headway.lib import clock, formats

YEARS_BACK, YEARS_AHEAD = 1, 5


def countries() -> list[tuple[str, str]]:
    """Return (code, name) of every country that is known, by its name in the language that is active."""
    import holidays

    names = formats.locale().territories
    known = holidays.list_supported_countries(include_aliases=False)
    return sorted(((code, str(names.get(code, code))) for code in known), key=lambda one: one[1].casefold())


def regions(country: str) -> list[tuple[str, str]]:
    """Return (code, name) of the regions of a country that differ in their holidays. Raises ValidationError."""
    kind = _kind(country)
    names = {code: name for name, code in getattr(kind, "subdivisions_aliases", {}).items()}
    return sorted(((code, names.get(code, code)) for code in kind.subdivisions), key=lambda one: one[1].casefold())


def years() -> range:
    """Return the years that can be asked for."""
    present = clock.today().year
    return range(present - YEARS_BACK, present + YEARS_AHEAD + 1)


def public_holidays(country: str, region: str, year: int) -> list[tuple[str, dt.date, dt.date]]:
    """Return (name, day, day) of each public holiday of a year in order, as `actions.add_holidays` takes them.

    Names are in the language that is active where the library has them in it, else in one of the country's own.
    Raises ValidationError for a country, region or year that is not known.
    """
    kind = _kind(country)
    if region and region not in kind.subdivisions:
        raise ValidationError({"region": _("%(code)s is no region that is known here.") % {"code": region}})
    if year not in years():
        asked = {"first": years()[0], "last": years()[-1]}
        raise ValidationError({"year": _("Ask for a year from %(first)s to %(last)s.") % asked})
    found = kind(subdiv=region or None, years=year, language=_language(kind))
    return [(name[:120], day, day) for day, name in sorted(found.items()) if day.year == year]


def _kind(country: str) -> Any:
    """Return the library's class for a country."""
    import holidays

    if country not in holidays.list_supported_countries(include_aliases=False):
        raise ValidationError({"country": _("%(code)s is no country that is known here.") % {"code": country}})
    return getattr(holidays, country)


def _language(kind: Any) -> str | None:
    """Return the language of the library that is nearest to the active one: de_CH, de, any German; or the country's.

    Left to itself the library takes the language of the server's environment.
    """
    there, wanted = kind.supported_languages or (), formats.locale()
    exact = [name for name in (str(wanted), wanted.language) if name in there]
    near = [name for name in there if name.partition("_")[0] == wanted.language]
    own: str | None = kind.default_language
    return next(iter([*exact, *near]), own)
