"""What every page must be, whoever made it: accessible, within its width, with one heading and a title of its own."""

from typing import TYPE_CHECKING

from tests.browser import assert_accessible

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
SMALL = {"width": 320, "height": 640}

# Elements that stick out of the page, apart from those that a part of the page scrolls or cuts off.
STICKING_OUT = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const held = (element) => {
    for (let above = element.parentElement; above && above !== document.body; above = above.parentElement) {
      if (getComputedStyle(above).overflowX !== "visible") return true;
    }
    return false;
  };
  const out = [...document.body.querySelectorAll("*")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && (box.right > width + 0.5 || box.left < -0.5);
  });
  const found = out.some((element) => !held(element)) ? out.filter((element) => !held(element)) : out;
  const told = (element) => `${element.localName}.${element.getAttribute("class")}: ${element.textContent.trim()}`;
  return [`${document.documentElement.scrollWidth} px`, ...found.slice(0, 6).map((one) => told(one).slice(0, 90))];
}"""


def sticking_out(page: "Page") -> list[str]:
    """Name what makes the document wider than its window; empty where nothing does."""
    return page.evaluate(STICKING_OUT)


def complaints_about(page: "Page", *, dialog: bool = False) -> list[str]:
    """Look at the page that is open: axe in both themes, then on a phone, then its frame; leaves it wide and light."""
    name = page.url.partition("//")[2].partition("/")[2]
    found = []
    for theme, size in [("light", WIDE), ("dark", WIDE), ("light", PHONE)]:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size(size)
        try:
            assert_accessible(page, include="dialog[open]" if dialog else "body")
        except AssertionError as error:
            found.append(f"{theme}, {size['width']} px: {error}")
        if size is PHONE and (out := sticking_out(page)):
            found.append(f"/{name} at 390 px: {out}")
    page.set_viewport_size(SMALL)
    if out := sticking_out(page):
        found.append(f"/{name} at 320 px: {out}")
    page.set_viewport_size(WIDE)
    return found if dialog else found + _about_frame(page, name)


def _about_frame(page: "Page", name: str) -> list[str]:
    headings = page.locator("h1:visible").all_inner_texts()
    title = page.title().removesuffix(" · Headway").strip()
    return [
        *([f"/{name} has the headings {headings}"] if len(headings) != 1 or not headings[0].strip() else []),
        *([f"/{name} has no title"] if not title or title.startswith("·") else []),
    ]
