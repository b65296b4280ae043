"""F4: what a Sprint delivers, at its planning; the reference is made of the other boards alone."""

from collections.abc import Collection, Mapping

import numpy as np

from headway.engine import forecast, scoring

from .table import Figure, at_most, within

VELOCITY_SPRINTS = 5


def sprints(boards: Mapping[str, np.ndarray], *, scored: Collection[str]) -> tuple[Figure, ...]:
    """Return F4 of every Sprint with 3 before it, of the boards that are to be scored."""
    ours, velocity, chance, always, held, inside = [], [], [], [], [], []
    for name in scored:
        board = boards[name]
        others = np.vstack([rows for other, rows in boards.items() if other != name])
        reference = np.quantile(others[:, 1] / others[:, 0], (np.arange(25) + 0.5) / 25, method="inverted_cdf")
        usual = float(np.mean(others[:, 1] >= others[:, 0]))
        for at in range(forecast.SPRINTS_NEEDED, len(board)):
            (committed, truth), past, scale = board[at], board[:at], board[:, 0].mean()
            delivered = forecast.sprint_delivery(committed, history=past, reference=reference)
            values = np.unique(delivered.quantile(np.linspace(0.001, 0.999, 500)))
            ours.append(scoring.crps_of_steps(values, delivered.cdf(values), truth) / scale)
            velocity.append(abs(past[-VELOCITY_SPRINTS:, 1].mean() - truth) / scale)
            chance.append(scoring.brier(delivered.at_least(committed), truth >= committed))
            always.append(scoring.brier(usual, truth >= committed))
            under, up_to = 1 - delivered.at_least(truth), delivered.cdf(truth)
            held.append(float(scoring.share_inside(under, max(under, up_to), level=0.8)))
            low, high = delivered.quantile(np.array([0.1, 0.9]))
            inside.append(low <= truth <= high)
    note = f"{len(ours)} Sprints of {len(scored)} boards"
    return (
        at_most("F4 CRPS / mean of 5 velocities", sum(ours) / sum(velocity), 0.56, naive="1", note=note),
        at_most(
            "F4 Brier, all delivered",
            float(np.mean(chance)),
            0.22,
            naive=f"other boards' share {np.mean(always):.3f}",
        ),
        within("F4 80 % interval", float(np.mean(held)), 0.77, 0.85),
        Figure("   80 % by whole steps, ends counted", f"{np.mean(inside):.3f}"),
    )
