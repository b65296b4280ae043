"""What the engine refuses, besides ``ValueError`` for a wrong argument."""


class TooLittleHistory(Exception):
    """There is not enough history for an answer that would be worth showing.

    Parameters
    ----------
    needed : int
        How many values the method needs, in the unit of its history [weeks], [Sprints].
    given : int
        How many it got.

    Examples
    --------
    >>> str(TooLittleHistory(4, 1))
    'needs a history of at least 4, got 1'
    """

    def __init__(self, needed: int, given: int) -> None:
        super().__init__(needed, given)
        self.needed = needed
        self.given = given

    def __str__(self) -> str:
        return f"needs a history of at least {self.needed}, got {self.given}"
