"""What the plan costs (F8): ``python bench/plan_speed.py``. Processor time of this process, medians."""

import time
from collections.abc import Callable

import numpy as np

from headway.engine.portfolio import BetInput, Portfolio, Scenarios, flips, search, tied


def made(items: int, krs: int, bets_an_item: float, seed: int = 1) -> Portfolio:
    """Return a portfolio of which some 15 % fits; every Key Result has about as many bets."""
    rng = np.random.default_rng(seed)
    effort = np.exp(rng.normal(0.4, 0.7, items))
    bets = []
    for item in range(items):
        count = krs if bets_an_item >= krs else min(krs, 1 + rng.poisson(bets_an_item - 1))
        for kr in rng.choice(krs, count, replace=False):
            likely = float(np.exp(rng.normal(-1.2, 0.6)))
            bets.append(BetInput(item, int(kr), 0.4 * likely, likely, 2 * likely, float(rng.beta(2, 4))))
    return Portfolio(
        effort=effort, capacity=[2 * 0.15 * effort.sum() / 26], bets=bets, gap=[1.0] * krs, worth=[100.0] * krs
    )


def processor_ms(work: Callable[[], object], runs: int = 7) -> float:
    work()
    found = []
    for _ in range(runs):
        started = time.process_time()
        work()
        found.append(1e3 * (time.process_time() - started))
    return float(np.median(found))


def main() -> None:
    print(f"{'':64s} {'target':>8s} {'ms':>8s}")
    for name, bets in (("1.6 bets an item", 1.6), ("every item on every Key Result", 12)):
        portfolio = made(50, 12, bets)
        drawn = Scenarios(portfolio, rng=np.random.default_rng(2), scenarios=100_000)
        row(f"score 100,000 × 50 × 12, {name}", "16", processor_ms(lambda d=drawn, p=portfolio: d.score(p.order)))
        del drawn
    portfolio = made(60, 12, 1.6)
    order = list(portfolio.order)
    row("draw 2,000 scenarios, 60 × 12", "", processor_ms(lambda: Scenarios(portfolio, rng=np.random.default_rng(2))))
    drawn = Scenarios(portfolio, rng=np.random.default_rng(2))
    moved = [*order[5:20], *order[:5], *order[20:]]
    row("what-if: one item moved, value", "50", processor_ms(lambda: drawn.score(moved)))
    row(
        "what-if: with what each item adds, waiting, dates, ties", "50", processor_ms(lambda: whole_sheet(drawn, moved))
    )
    for items in (60, 300):
        asked = made(items, 12, 1.6)
        row(
            f"whole search with its draws, {items} items × 12, 2,000 scenarios",
            "1,000" if items == 60 else "",
            processor_ms(lambda p=asked: search(Scenarios(p, rng=np.random.default_rng(2))), runs=3),
        )


def whole_sheet(drawn: Scenarios, order: list[int]) -> None:
    drawn.steps(order)
    tied(drawn, order)
    flips(drawn, order)
    drawn.sprint_ends(order)


def row(what: str, target: str, ms: float) -> None:
    print(f"{what:64s} {target:>8s} {ms:8.1f}")


if __name__ == "__main__":
    main()
