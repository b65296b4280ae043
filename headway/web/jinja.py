"""The Jinja environment of all pages: gettext, addresses, static files, formats, icons."""

from functools import lru_cache
from typing import Any

from django.templatetags.static import static
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.translation import gettext, ngettext, npgettext, pgettext
from jinja2 import Environment, StrictUndefined

from headway.lib import clock

from .formats import FILTERS
from .icons import icon
from .markdown import markdown
from .shared_renders import CSRF_SLOT, fixed


def environment(**options: Any) -> Environment:
    """Make the environment. A misspelt name raises instead of leaving a hole on the page."""
    env = Environment(
        **{
            **options,
            "trim_blocks": True,
            "lstrip_blocks": True,
            "extensions": ["jinja2.ext.i18n"],
            "undefined": StrictUndefined,
        }
    )
    env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext
    )
    env.globals.update(url=url, has_url=has_url, static=static, icon=icon, today=clock.today, now=clock.now)
    env.globals.update(fixed=fixed, csrf_slot=CSRF_SLOT)
    env.filters.update(FILTERS, markdown=markdown)
    return env


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """Return the address of a page by its name; positional or named parts, never both."""
    return _url(name, args, tuple(kwargs.items()), get_script_prefix())


@lru_cache(maxsize=4_000)
def _url(name: str, args: tuple[Any, ...], kwargs: tuple[tuple[str, Any], ...], prefix: str) -> str:
    """Kept, because to find an address by its name takes longer than all else that a link needs."""
    return reverse(name, args=args or None, kwargs=dict(kwargs) or None)


def has_url(name: str, *args: Any, **kwargs: Any) -> bool:
    """Say whether a page of that name exists: navigation links only to what does."""
    try:
        url(name, *args, **kwargs)
    except NoReverseMatch:
        return False
    return True
