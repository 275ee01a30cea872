"""ketplan: combined ketamine + CBT care plans inside the EHR, decided by a clinician."""

__version__ = "0.1.0"
