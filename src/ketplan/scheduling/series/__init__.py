"""A whole series for one patient, planned at once and kept right when life interferes.

`place` follows the law of the first placing, one visit after the other; `plan` weighs all visits against
each other by the table in `rules`, `replan` does it again around what is booked, and `alternatives` offers
other times for one of them.
"""

from ketplan.scheduling.series.alternatives import alternatives
from ketplan.scheduling.series.planning import plan
from ketplan.scheduling.series.replanning import replan

__all__ = ["alternatives", "plan", "replan"]
