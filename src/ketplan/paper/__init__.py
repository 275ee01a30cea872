"""A plan on paper: pages that stand alone, for reading, printing and filing, and the same as PDF."""

from ketplan.paper.desk import css
from ketplan.paper.languages import codes as languages
from ketplan.paper.languages import offered
from ketplan.paper.patient_plan import Medicine, Place, medicine_of, patient_html
from ketplan.paper.press import available, pdf
from ketplan.paper.print_out import Written, plan_html

__all__ = [
    "Medicine",
    "Place",
    "Written",
    "available",
    "css",
    "languages",
    "medicine_of",
    "offered",
    "patient_html",
    "pdf",
    "plan_html",
]
