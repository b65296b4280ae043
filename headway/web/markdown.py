"""Descriptions as safe HTML: what a tracker or a person wrote in Markdown, without foreign markup, images or styles."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

# A description of a megabyte is somebody's log file; the item's own page shows its beginning.
LONGEST = 60_000


def markdown(text: str) -> Markup:
    """Return Markdown as HTML. Markup in the text is shown as text; a link leads out in a page of its own."""
    return Markup(_renderer().render(text[:LONGEST]))


@cache
def _renderer() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    made.add_render_rule("image", _image)
    made.add_render_rule("link_open", _link)
    for name in ("th_open", "td_open"):
        made.add_render_rule(name, _cell)
    for name in ("heading_open", "heading_close"):
        made.add_render_rule(name, _heading)
    return made


def _image(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any) -> str:
    """Show an image as its own words: a page loads nothing from elsewhere."""
    words = renderer.renderInlineAsText(tokens[index].children or [], options, env) or str(tokens[index].attrs["src"])
    return str(Markup("<em>{}</em>").format(words))


def _link(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any) -> str:
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    return renderer.renderToken(tokens, index, options, env)


def _cell(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any) -> str:
    """Leave the alignment out: it comes as a style attribute, which the page's policy refuses."""
    tokens[index].attrs.pop("style", None)
    return renderer.renderToken(tokens, index, options, env)


def _heading(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any) -> str:
    """Put headings below those of the page itself."""
    tokens[index].tag = f"h{min(int(tokens[index].tag[1]) + 2, 6)}"
    return renderer.renderToken(tokens, index, options, env)
