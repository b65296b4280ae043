"""What forecasts and the plan cost (F8): ``python bench/plan_speed.py``. Processor time of this process, medians."""

from parts.speed import speeds
from parts.table import Part, print_part

if __name__ == "__main__":
    print_part(Part("F8 processor time of one core, medians", speeds()), is_whole=True)
