"""Judge what was measured, and say how good the evidence is."""

from collections.abc import Sequence

from .model import Evidence, Fact, Impact, Method, Outcome, Verdict, checked_promise


def verdict(impact: Impact, *, promise: Sequence[float] | None, share: float = 1.0) -> Verdict:
    """Judge a bet by what was measured, not by what was hoped.

    Parameters
    ----------
    impact : Impact
        From :func:`measure`.
    promise : (low, likely, high, chance) or None
        The bet's :class:`Promise`; without one nothing can be found to be missing.
    share : float
        The part of what was measured that falls to this bet, 0 to 1 (see :func:`shares`).

    Returns
    -------
    Verdict
        *Moved* where the whole measured range lies over 0, graded by this bet's share: 5 over its range, 4 in it,
        3 under low. *Did not* with 1, harm, where the whole range lies under 0; with 2 where the promise
        could have been seen (likely ≥ smallest visible) and the range ends under it. *Cannot be told* else.

    Examples
    --------
    >>> from headway.engine.impact import measure
    >>> noisy = measure([5, 9, 4, 8, 5, 9, 3, 8, 6, 9, 5, 8], launched_at=9)
    >>> verdict(noisy, promise=(0.5, 1, 2, 0.4)).outcome.value
    'cannot_tell'
    """
    if not 0 <= share <= 1:
        raise ValueError("share must be between 0 and 1")
    agreed = None if promise is None else checked_promise(promise)
    if impact.measured_high < 0:
        return Verdict(Outcome.DID_NOT, 1)
    if impact.measured_low > 0:
        part = impact.measured * share
        if agreed is None:
            return Verdict(Outcome.MOVED, 4)
        return Verdict(Outcome.MOVED, 5 if part > agreed.high else 4 if part >= agreed.low else 3)
    if agreed is not None and agreed.likely >= impact.smallest_visible and agreed.likely > impact.measured_high:
        return Verdict(Outcome.DID_NOT, 2)
    return Verdict(Outcome.CANNOT_TELL, None)


def evidence(impact: Impact, *, landed_together: int = 0) -> Evidence:
    """Say how good the evidence is, from plain facts.

    Parameters
    ----------
    impact : Impact
        From :func:`measure`.
    landed_together : int
        How many other bets on this Key Result landed in the same window.

    Returns
    -------
    Evidence
        An experiment is 5. Otherwise a point each for: measured in at least 4 weeks of 5; at least 26 weeks
        before and 4 after; an effect larger than 19 of 20 fake launches show; nothing else landed in the window; a
        control series. At least 1.

    Examples
    --------
    >>> from headway.engine.impact import measure
    >>> evidence(measure([50, 51, 49, 50, 52, 50, 49, 51, 50, 50, 56, 57, 55, 56], launched_at=10)).quality
    3
    """
    weeks = impact.weeks_before + impact.weeks_after + impact.weeks_missing
    as_large = sum(abs(fake) >= abs(impact.measured) for fake in impact.fake_effects)
    facts = {
        Fact.MEASURED_OFTEN: weeks > 0 and impact.weeks_missing <= 0.2 * weeks,
        Fact.LONG_ENOUGH: impact.weeks_before >= 26 and impact.weeks_after >= 4,
        Fact.LARGER_THAN_FAKES: bool(impact.fake_effects) and as_large <= 0.05 * len(impact.fake_effects),
        Fact.ALONE: landed_together == 0,
        Fact.COMPARED: impact.method is not Method.PLACEBO,
    }
    return Evidence(5 if impact.method is Method.EXPERIMENT else max(1, sum(facts.values())), facts)
