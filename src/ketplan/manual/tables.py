"""What is under review: the clinical tables as one site has them."""

from __future__ import annotations

from dataclasses import dataclass, field

from ketplan.clinical.house import House
from ketplan.clinical.library import SHIPPED, Library, deviations
from ketplan.scheduling.clinic_hours import Clinic


@dataclass(frozen=True)
class Tables:
    site: str
    clinic: Clinic
    house: House = field(default_factory=House)
    library: Library = SHIPPED

    @property
    def deviations(self) -> tuple[str, ...]:
        return deviations(self.house, self.library)
