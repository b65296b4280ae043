"""What an order of the backlog is worth, in sentences: for pages, the brief and the command line."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.lib.formats import money, number, percent

from .queries.focus import Figures, FlipPoint

SAME = 0.005
"""A gain under this share of what is there is none that anybody would notice."""


def amount(value: float | None, currency: str | None, *, unit: bool = True) -> str:
    """Write a value to as many figures as it can bear: "€5,600", or "56 points" (100 are a Key Result's whole way).

    Without `unit` points are the bare number, for a column whose head says what they are.
    """
    if value is None:
        return "–"
    if currency:
        return money(float(f"{value:.3g}"), currency)
    shown = float(f"{value:.{2 if abs(value) < 10 else 3}g}")
    if not unit:
        return number(shown)
    # "0.8 points": what is no whole number is many.
    many = int(shown) if shown.is_integer() else 2
    return ngettext("%(count)s point", "%(count)s points", many) % {"count": number(shown)}


def more(value: float, currency: str | None) -> str:
    """Write a difference with its sign."""
    return ("+" if value > 0 else "") + amount(value, currency)


def is_same(figures: Figures) -> bool:
    """Say whether both orders are worth the same, as far as anybody would notice."""
    return figures.gain is None or abs(figures.gain) < SAME * max(abs(figures.present or 0.0), 1e-6)


def gain(figures: Figures) -> str:
    """Say what the proposed order brings against the present one."""
    if figures.gain is None:
        return _("What it would bring cannot be told: nothing here has a price and known work.")
    weeks = {"weeks": figures.horizon_weeks}
    if is_same(figures):
        return _("Worth as much as the present order over %(weeks)s weeks.") % weeks
    if figures.gain < 0:
        return _("%(value)s less than the present order over %(weeks)s weeks.") % {
            "value": amount(-figures.gain, figures.currency),
            **weeks,
        }
    return _("%(value)s more than the present order over %(weeks)s weeks.") % {
        "value": amount(figures.gain, figures.currency),
        **weeks,
    }


def spread(figures: Figures) -> str:
    """Say how sure the gain is; nothing where there is none."""
    if figures.low is None or figures.high is None or figures.chance is None or is_same(figures):
        return ""
    return _("8 times in 10 between %(low)s and %(high)s; better than the present order in %(chance)s of cases.") % {
        "low": more(figures.low, figures.currency),
        "high": more(figures.high, figures.currency),
        "chance": percent(figures.chance),
    }


def breaks(figures: Figures) -> Iterator[str]:
    """Say what the order breaks: what is needed first, and days."""
    for item, needs in figures.too_early:
        yield _("%(item)s stands above %(needs)s, which it needs.") % {
            "item": figures.items[item].key,
            "needs": figures.items[needs].key,
        }
    for item in figures.too_late:
        yield _("%(item)s would miss its day.") % {"item": figures.items[item].key}


def flips(figures: Figures) -> Iterator[str]:
    """Say which belief turns the order, the first place first."""
    return (flip(figures, one) for one in figures.flips)


def flip(figures: Figures, one: FlipPoint) -> str:
    """Say at which belief two items change places."""
    names = {"item": figures.items[one.item].key, "other": figures.items[one.other].key}
    is_under = one.at < one.now
    if one.belief == "chance":
        text = (
            _("%(item)s and %(other)s change places if the chance of %(item)s is below %(at)s (we say %(now)s).")
            if is_under
            else _("%(item)s and %(other)s change places if the chance of %(item)s is above %(at)s (we say %(now)s).")
        )
        digits = 0 if round(one.at, 2) != round(one.now, 2) else 1
        return text % {**names, "at": percent(one.at, digits), "now": percent(one.now, digits)}
    if one.belief == "effort":
        text = (
            _("%(item)s and %(other)s change places if %(item)s takes under %(at)s weeks (we say %(now)s).")
            if is_under
            else _("%(item)s and %(other)s change places if %(item)s takes over %(at)s weeks (we say %(now)s).")
        )
        digits = 1 if round(one.at, 1) != round(one.now, 1) else 2
        return text % {**names, "at": number(one.at, digits), "now": number(one.now, digits)}
    text = (
        _("%(item)s and %(other)s change places if %(item)s moves less than %(at)s of what we say.")
        if is_under
        else _("%(item)s and %(other)s change places if %(item)s moves more than %(at)s of what we say.")
    )
    return text % {**names, "at": percent(one.at)}


def test(figures: Figures) -> str:
    """Say which test pays most before anything is built."""
    if figures.gain is None:
        return ""
    if figures.test is None:
        return _("No test of one day would change what is done.")
    about = figures.items[figures.test.item]
    told = {
        "item": f"{about.key} {about.title}",
        "weeks": number(figures.test.cost_weeks, 1),
        "value": amount(figures.test.worth, figures.currency),
    }
    if figures.test.by is None:
        return _("Cheapest test: a day to find out about %(item)s. Right 8 times in 10, it is worth %(value)s.") % told
    return _(
        "Cheapest test: %(by)s (%(weeks)s weeks) tells about %(item)s. Right 8 times in 10, it is worth %(value)s."
    ) % (told | {"by": figures.items[figures.test.by].key})
