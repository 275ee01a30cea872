"""A plan on paper: pages that stand alone, for reading, printing and filing, and the same as PDF."""

from ketplan.paper.press import available, pdf

__all__ = ["available", "pdf"]
