"""The house rules of the README, "Which room?", held by walking the syntax tree."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "ketplan"
MODULES = sorted(SOURCE.rglob("*.py"))

# Each room may import only those left of it; what is not listed stands outside the row.
ROW = ("errors", "clinical", "scheduling", "fhir", "workflow", "writeback", "web", "cli")
MAY_IMPORT = {
    "errors": set(),
    "config": {"errors"},
    "clinical": {"errors"},
    "scheduling": {"errors", "clinical"},
    "fhir": {"errors", "clinical", "scheduling"},
    "ehr": {"errors", "config"},
    "store": {"errors", "config"},
    "workflow": {"errors", "clinical", "scheduling", "fhir"},
    "manual": {"errors", "clinical", "scheduling"},
    # Whoever has a plan may want it on paper: this room knows no page, no EHR and no database.
    "paper": {"errors", "clinical", "scheduling", "fhir", "workflow"},
    "writeback": {"errors", "clinical", "scheduling", "fhir", "workflow", "ehr", "store"},
    "sandbox": set(),
}
ONE_DOOR = {
    "requests": {"ehr"},
    "urllib3": {"ehr"},
    "joserfc": {"ehr", "sandbox"},
    "flask": {"web", "sandbox"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "dbos": {"writeback"},
    "numpy": {"scheduling"},
    "weasyprint": {"paper"},
    "jinja2": {"paper", "web"},
    "cryptography": {"store", "sandbox"},
    "click": {"cli", "servers"},
}
# Tables, not logic: a long table is data.
LONGEST = 400
NOT_PURE = {"requests", "sqlalchemy", "flask", "os", "socket", "pathlib", "random", "time", "uuid", "secrets"}


def room(path: Path) -> str:
    parts = path.relative_to(SOURCE).parts
    return parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            assert node.module
            if node.module == "ketplan":
                yield from (f"ketplan.{alias.name}" for alias in node.names)
            else:
                yield node.module


def ours(path: Path) -> set[str]:
    names = {m.split(".")[1] for m in imported(path) if m.startswith("ketplan.")}
    return names - {room(path), "__version__"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_run_one_way(path: Path) -> None:
    allowed = MAY_IMPORT.get(room(path))
    if allowed is not None:
        assert ours(path) <= allowed


def test_no_two_rooms_import_each_other() -> None:
    edges = {(room(path), other) for path in MODULES for other in ours(path)}
    assert not [(a, b) for a, b in edges if (b, a) in edges]


def test_only_the_servers_and_tests_know_the_sandbox() -> None:
    """And the demo's clinic, which the servers put into it."""
    assert {room(path) for path in MODULES if "sandbox" in ours(path)} <= {"cli", "servers", "demo_clinic"}
    assert {room(path) for path in MODULES if "demo_clinic" in ours(path)} <= {"servers"}


@pytest.mark.parametrize(("package", "rooms"), ONE_DOOR.items())
def test_each_dependency_has_one_door(package: str, rooms: set[str]) -> None:
    users = {room(p) for p in MODULES for m in imported(p) if m.split(".")[0] == package}
    assert users <= rooms


def test_fhir_models_come_from_r4b_through_one_file() -> None:
    users = {(p, m) for p in MODULES for m in imported(p) if m.startswith("fhir.")}
    assert {p.relative_to(SOURCE).as_posix() for p, _ in users} <= {"fhir/r4.py"}
    assert all("R4B" in m for _, m in users)
    names = (SOURCE / "fhir" / "r4.py").read_text("utf-8")
    assert "fhir.resources.R4B" in names


def test_only_config_reads_the_environment() -> None:
    readers = [
        p for p in MODULES if "environ" in p.read_text("utf-8") and "os.environ" in p.read_text("utf-8")
    ]
    assert {room(p) for p in readers} <= {"config"}


@pytest.mark.parametrize("path", [p for p in MODULES if room(p) in ("clinical", "scheduling")], ids=str)
def test_what_decides_care_is_pure(path: Path) -> None:
    """No clock, no randomness, no files, no network: the same facts give the same verdict."""
    used = {m.split(".")[0] for m in imported(path)}
    assert not used & NOT_PURE
    text = path.read_text("utf-8")
    assert "datetime.now" not in text
    assert "date.today" not in text


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_module_outgrows_the_limit(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST


def test_every_test_folder_is_a_package() -> None:
    tests = SOURCE.parents[1] / "tests"
    folders = {p.parent for p in tests.rglob("test_*.py")}
    assert not [f for f in folders if not (f / "__init__.py").exists()]
