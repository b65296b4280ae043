"""The icons: paths on a 24 × 24 grid, drawn with a stroke of 1.75 in the colour of the text."""

from functools import cache

from markupsafe import Markup, escape

PATHS = {
    "today": '<path d="M4 13a8 8 0 0 1 16 0"/><path d="M12 13l4-4"/><path d="M2 18h20"/>',
    "sightline": (
        '<circle cx="5" cy="6" r="2"/><circle cx="5" cy="18" r="2"/><circle cx="19" cy="12" r="2"/>'
        '<path d="M7 6c6 0 5 6 10 6M7 18c6 0 5-6 10-6"/>'
    ),
    "value": '<path d="M4 6h10M4 12h7M4 18h4"/><path d="M18 5v14M15 16l3 3 3-3"/>',
    "results": '<path d="M4 19V5M4 19h16"/><path d="M8 15l4-4 3 2 5-7"/>',
    "board": (
        '<rect x="3" y="4" width="5" height="16" rx="1"/><rect x="10" y="4" width="5" height="11" rx="1"/>'
        '<rect x="17" y="4" width="4" height="7" rx="1"/>'
    ),
    "forecast": '<path d="M4 19h16M4 19C9 18 10 5 20 5"/><path d="M4 19c8-1 10-5 16-7" stroke-dasharray="2 3"/>',
    "report": '<path d="M5 20V10M10 20V4M15 20v-7M20 20V8"/>',
    "settings": (
        '<circle cx="12" cy="12" r="3"/><path d="M12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1'
        'M16.3 16.3l2.1 2.1M18.4 5.6l-2.1 2.1M7.7 16.3l-2.1 2.1"/>'
    ),
    "search": '<circle cx="11" cy="11" r="6"/><path d="M20 20l-4.5-4.5"/>',
    "theme": (
        '<circle cx="12" cy="12" r="4"/><path d="M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4'
        'M17.6 17.6L19 19M19 5l-1.4 1.4M6.4 17.6L5 19"/>'
    ),
    "moon": '<path d="M19 14.5A8 8 0 0 1 9.5 5 8 8 0 1 0 19 14.5z"/>',
    "half": '<circle cx="12" cy="12" r="8"/><path d="M12 4a8 8 0 0 1 0 16z" fill="currentColor"/>',
    "product-owner": '<path d="M5 21V4h13l-3 4 3 4H5"/>',
    "team": '<path d="M8 7l-5 5 5 5M16 7l5 5-5 5"/>',
    "organisation": '<path d="M4 21V9l8-6 8 6v12M10 21v-6h4v6"/>',
    "people": (
        '<circle cx="9" cy="8" r="3"/><path d="M3 20c0-4 3-6 6-6s6 2 6 6M16 5a3 3 0 0 1 0 6M18 14c2 1 3 3 3 6"/>'
    ),
    "check": '<path d="M4 12l5 5L20 6"/>',
    "decision": '<path d="M5 5h14v14H5z"/><path d="M9 12l2 2 4-5"/>',
    "arrow": '<path d="M5 12h14M13 6l6 6-6 6"/>',
    "chevron": '<path d="M9 6l6 6-6 6"/>',
    "more": '<path d="M5 12h.1M12 12h.1M19 12h.1"/>',
    "tracker": '<path d="M4 8h14l-3-3M20 16H6l3 3"/>',
    "copy": '<rect x="9" y="9" width="11" height="11" rx="1.5"/><path d="M5 15H4V4h11v1"/>',
    "warning": '<path d="M12 4l9 16H3zM12 10v4M12 17.5v.2"/>',
    "blocked": '<circle cx="12" cy="12" r="8"/><path d="M6.5 6.5l11 11"/>',
    "pause": '<path d="M9 5v14M15 5v14"/>',
    "eye": '<path d="M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12z"/><circle cx="12" cy="12" r="2.5"/>',
    "undo": '<path d="M9 7L4 12l5 5"/><path d="M4 12h10a6 6 0 0 1 6 6"/>',
    "print": '<path d="M7 9V3h10v6M7 17H4v-8h16v8h-3"/><path d="M7 14h10v7H7z"/>',
    "play": '<path d="M7 5l11 7-11 7z"/>',
    "out": '<path d="M14 4h6v6M20 4l-9 9M18 14v6H4V6h6"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "weigh": '<path d="M12 4v16M7 20h10M5 7h14M5 7l-3 7h6zM19 7l-3 7h6z"/>',
    "link": (
        '<path d="M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1"/><path d="M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1"/>'
    ),
    "key": '<circle cx="8" cy="15" r="4"/><path d="M11 12l9-9M16 7l3 3"/>',
    "document": '<path d="M6 3h9l4 4v14H6z"/><path d="M15 3v4h4M9 12h7M9 16h5"/>',
    "clock": '<circle cx="12" cy="13" r="8"/><path d="M12 9v4l3 2M9 2h6"/>',
    "up": '<path d="M12 20V5M6 11l6-6 6 6"/>',
    "down": '<path d="M12 4v15M6 13l6 6 6-6"/>',
    "close": '<path d="M6 6l12 12M18 6L6 18"/>',
    "import": '<path d="M12 3v12M7 10l5 5 5-5M4 20h16"/>',
    "drag": '<path d="M9 6h.1M9 12h.1M9 18h.1M15 6h.1M15 12h.1M15 18h.1"/>',
    "sign-out": '<path d="M10 4H4v16h6M14 8l4 4-4 4M18 12H9"/>',
    "demo": '<path d="M9 3h6M10 3v6l-5 9a2 2 0 0 0 2 3h10a2 2 0 0 0 2-3l-5-9V3M8 15h8"/>',
}


@cache
def icon(name: str, label: str = "") -> Markup:
    """Return the icon as inline SVG: silent beside a word, an image with `label` where it stands alone.

    Raises KeyError for an unknown name, so that a misspelt icon fails in a test and is not a hole on a page.
    """
    spoken = Markup('role="img" aria-label="{}"').format(escape(label)) if label else Markup('aria-hidden="true"')
    return Markup(
        '<svg class="i" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75"'
        ' stroke-linecap="round" stroke-linejoin="round" {}>{}</svg>'
    ).format(spoken, Markup(PATHS[name]))
