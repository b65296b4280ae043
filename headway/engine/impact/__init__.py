"""Did it move the Key Result, by how much, and could an effect of that size have been seen at all?

Asked in order of trust: figures of an A/B test; control series that the launch did not touch; the Key
Result's own past, in which up to 40 launches that never happened show how far it moves by itself. Why, how
well, and a worked example by hand: ``docs/algorithms/impact.md``.
"""

from headway.engine.errors import TooLittleHistory

from .judging import evidence, verdict
from .measuring import measure, smallest_visible
from .model import Arm, Evidence, Fact, Impact, Method, Outcome, Promise, Verdict
from .series import AFTER_NEEDED, BEFORE_NEEDED
from .sharing import shares

__all__ = [
    "AFTER_NEEDED",
    "BEFORE_NEEDED",
    "Arm",
    "Evidence",
    "Fact",
    "Impact",
    "Method",
    "Outcome",
    "Promise",
    "TooLittleHistory",
    "Verdict",
    "evidence",
    "measure",
    "shares",
    "smallest_visible",
    "verdict",
]
