"""Writes docs/fault-matrix.md anew: python -m tests.faults"""

import logging
import tempfile
from pathlib import Path

from tests.faults.matrix import a_site, page

DOCUMENT = Path(__file__).parents[2] / "docs" / "fault-matrix.md"

if __name__ == "__main__":
    logging.getLogger("ketplan.runs").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="ketplan-faults-") as home, a_site(Path(home)) as site:
        DOCUMENT.write_text("\n".join(page(site)) + "\n", "utf-8")
