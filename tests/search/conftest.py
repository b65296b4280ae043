import pytest

from headway.search import spelling


@pytest.fixture(autouse=True)
def _fresh_words() -> None:
    """The words of one test's organisation are not those of the next."""
    spelling.forget()
