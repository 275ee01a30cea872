"""A plan on paper: pages that stand alone, for reading, printing and filing, and the same as PDF."""

from ketplan.paper.press import available, pdf
from ketplan.paper.print_out import Written, plan_html

__all__ = ["Written", "available", "pdf", "plan_html"]
