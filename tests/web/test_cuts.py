"""What is new in a text goes over the wire; put together it is the new text again, whatever it was."""

from hypothesis import given
from hypothesis import strategies as st

from headway.web.cuts import cut_between, pieces_of, put_together

CARDS = st.lists(st.sampled_from(["<article>a\n</article>", "<li>ü 🚢", "<section>\r\n<b>", "text", ""]), max_size=12)


@given(CARDS, CARDS)
def test_put_together_is_the_new_text(old: list[str], new: list[str]) -> None:
    before, after = "\n".join(old), "\n".join(new)
    assert put_together(before, cut_between(pieces_of(before), pieces_of(after))) == after


def test_a_card_that_moved_is_not_told_again() -> None:
    cards = [f'<article id="card-{number}">\n{"long " * 50}</article>' for number in range(9)]
    moved = [*cards[:2], *cards[3:7], cards[2], *cards[7:]]
    cut = cut_between(pieces_of("\n".join(cards)), pieces_of("\n".join(moved)))
    assert cut == [[0, 2], [3, 7], [2, 3], [7, 9]]


def test_a_card_that_says_something_else_is_told_alone() -> None:
    cards = [f"<article>{number}</article>" for number in range(5)]
    changed = [*cards[:2], "<article>new</article>", *cards[3:]]
    assert cut_between(cards, changed) == [[0, 2], "<article>new</article>", [3, 5]]
