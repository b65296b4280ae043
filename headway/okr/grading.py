"""What a Key Result scores, by its type. Pure: values in, a score out.

Source of the rules: Google's OKR playbook, as the method of this product takes them over.
"""

from collections.abc import Iterable
from dataclasses import dataclass

GOOD, FAIR, POOR = "good", "fair", "poor"

#: An aspirational Key Result is good from here; the mean of good teams lies here too.
ASPIRED = 0.7
#: Below this share of even pace it lags; below the second it is at risk (UpRaise).
ON_TRACK, LAGGING = 0.95, 0.75


@dataclass(frozen=True)
class Terms:
    """What was agreed about a Key Result, as plain values."""

    type: str  # aspirational, committed, learning, compliance
    direction: str  # increase, decrease, stay_within, milestone
    is_guardrail: bool = False
    baseline: float | None = None
    target: float | None = None
    lower: float | None = None
    upper: float | None = None

    @property
    def has_limits(self) -> bool:
        return self.direction == "stay_within"

    @property
    def is_learning(self) -> bool:
        """By its type, or because nobody knows yet where it starts: then it is learned first."""
        return self.type == "learning" or (not self.has_limits and (self.baseline is None or self.target is None))

    @property
    def counts(self) -> bool:
        """Whether it is part of its objective's mean."""
        return not self.is_guardrail and not self.is_learning


@dataclass(frozen=True)
class ObjectiveScore:
    """The mean of what can be observed, of `observed` Key Results out of `counted`."""

    score: float | None
    observed: int
    counted: int


def holds(terms: Terms, value: float | None) -> bool | None:
    """Say whether `value` lies within the limits (they themselves included); None without a value or limits."""
    if value is None or not terms.has_limits:
        return None
    return (terms.lower is None or value >= terms.lower) and (terms.upper is None or value <= terms.upper)


def moved(terms: Terms, value: float | None) -> float | None:
    """Return the share of the way from baseline to target, clipped to 0–1; None where there is no such way.

    >>> moved(Terms("aspirational", "decrease", baseline=11.8, target=7.0), 10.4)
    0.2916666666666669
    """
    if value is None or terms.baseline is None or terms.target is None or terms.baseline == terms.target:
        return None
    return min(max((value - terms.baseline) / (terms.target - terms.baseline), 0.0), 1.0)


def score(terms: Terms, value: float | None) -> float | None:
    """Return the score 0–1; None for learning, for guardrails, and where nothing was measured.

    Aspirational and committed: the share of the way. Compliance, and what stays within limits: 1 or 0.
    """
    if not terms.counts or value is None:
        return None
    if terms.has_limits:
        return 1.0 if holds(terms, value) else 0.0
    share = moved(terms, value)
    if terms.type == "compliance" and share is not None:
        return 1.0 if share >= 1.0 else 0.0
    return share


def band(terms: Terms, value: float | None) -> str:
    """Return "good", "fair" or "poor" by the unrounded score, "" without one.

    Aspirational is good from 0.7 and poor below 0.4; committed and compliance are good at 1 only.
    """
    exact = score(terms, value)
    if exact is None:
        return ""
    reached = round(exact, 9)  # 50.4 from 44 to 60 is 0.4; a float says 0.3999…9
    if terms.type == "aspirational":
        return GOOD if reached >= ASPIRED else FAIR if reached >= 0.4 else POOR
    return GOOD if reached >= 1.0 else POOR


def objective_score(scored: Iterable[tuple[Terms, float | None]]) -> ObjectiveScore:
    """Return the plain mean of an objective's Key Results: (terms, last value in the cycle) of each.

    >>> objective_score([(Terms("aspirational", "increase", baseline=0, target=10), 5.0)])
    ObjectiveScore(score=0.5, observed=1, counted=1)
    """
    counted = [(terms, value) for terms, value in scored if terms.counts]
    scores = [reached for terms, value in counted if (reached := score(terms, value)) is not None]
    return ObjectiveScore(sum(scores) / len(scores) if scores else None, len(scores), len(counted))


def pace(share_moved: float | None, time_used: float) -> float | None:
    """Return moved ÷ time used: 1 is even pace. None before the cycle began or where nothing was measured."""
    return None if share_moved is None or time_used <= 0 else share_moved / time_used


def pace_band(value: float | None) -> str:
    """Return "on_track", "lagging" or "at_risk"; "" without a pace.

    >>> [pace_band(v) for v in (0.95, 0.9, 0.2, None)]
    ['on_track', 'lagging', 'at_risk', '']
    """
    if value is None:
        return ""
    value = round(value, 9)
    return "on_track" if value >= ON_TRACK else "lagging" if value >= LAGGING else "at_risk"


def disagreement(band_of_pace: str, confidence: int | None) -> str:
    """Return "hopeful" where people believe in what the numbers deny, "worried" the other way round, else ""."""
    if confidence is None:
        return ""
    if band_of_pace == "at_risk" and confidence >= 7:
        return "hopeful"
    return "worried" if band_of_pace == "on_track" and confidence <= 3 else ""
