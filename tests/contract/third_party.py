"""A FHIR server nobody here wrote, of npm parts, started on loopback."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.contract.targets import OUTSIDE, Target

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
LAB = SHARED / "lab"
PATIENT = "a02"


def available() -> bool:
    return LAB.is_dir() and shutil.which("npm") is not None


@dataclass(frozen=True)
class Outside:
    base: str

    @property
    def target(self) -> Target:
        return Target(OUTSIDE, self.base, PATIENT)

    def reset(self) -> None:
        """Back to the twelve acceptance cases it was started with."""
        origin = self.base.removesuffix("/fhir/R4")
        request = urllib.request.Request(f"{origin}/__reset", data=b"{}", method="POST")
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200


@contextmanager
def running() -> Iterator[Outside]:
    """The server, loaded with the twelve acceptance cases."""
    with tempfile.TemporaryDirectory(prefix="fhir-router-") as name:
        folder = Path(name)
        for file in LAB.iterdir():
            shutil.copyfile(file, folder / file.name)
        cases = folder / "cases"
        tool, book = SHARED / "tools" / "case_to_bundle.py", SHARED / "clinical" / "cases.json"
        subprocess.run([sys.executable, tool, book, "--all", cases], check=True)
        subprocess.run(["npm", "i", "--legacy-peer-deps", "--silent"], cwd=folder, check=True, timeout=300)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [
            "node",
            "--experimental-websocket",
            "server.mjs",
            "--port",
            str(port),
            "--load",
            str(cases),
        ]
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert process.stdout is not None
            assert "memory FHIR server" in process.stdout.readline()
            yield Outside(f"http://127.0.0.1:{port}/fhir/R4")
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
