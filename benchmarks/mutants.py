"""Small faults put into the clinical room, one at a time: do the tests notice?

    python -m benchmarks.mutants --seed 1 --sample 60

Works on a copy of the repository in a temporary folder. Each fault is tried against the fast tests of its
own part; prints the seed, every survivor and the score.
"""

from __future__ import annotations

import argparse
import ast
import copy
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOM = "src/ketplan/clinical"
# Beginning of a module's path in the room → the tests that answer for it; the first match counts.
TESTS = {
    "progress": ("tests/clinical_progress",),
    "session": ("tests/clinical_progress",),
    "instruments": ("tests/instruments",),
    "": ("tests/clinical", "tests/test_spec.py"),
}
_SWAPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OTHER_SIGN: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
}


def faults(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every fault a module can have: which node, and what it is."""
    for n, node in enumerate(ast.walk(tree)):
        if what := _kind(node):
            yield n, f"{node.lineno} {what}"  # type: ignore[attr-defined]


def with_fault(tree: ast.Module, n: int) -> str:
    """The module's text with the fault at its node `n`."""
    broken = copy.deepcopy(tree)
    _break(next(node for i, node in enumerate(ast.walk(broken)) if i == n))
    return ast.unparse(ast.fix_missing_locations(broken))


def _kind(node: ast.AST) -> str:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _SWAPPED:
        return f"{type(node.ops[0]).__name__} in `{ast.unparse(node)}`"
    elif isinstance(node, ast.BoolOp):
        return f"and/or in `{ast.unparse(node)}`"
    elif isinstance(node, ast.BinOp) and type(node.op) in _OTHER_SIGN and not _is_words(node):
        return f"sign in `{ast.unparse(node)}`"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return f"not in `{ast.unparse(node)}`"
    elif isinstance(node, ast.Constant) and type(node.value) in (int, bool):
        return f"constant {node.value}"
    return ""


def _is_words(node: ast.BinOp) -> bool:
    return any(isinstance(side, ast.Constant | ast.JoinedStr) for side in (node.left, node.right)) and any(
        isinstance(getattr(side, "value", ""), str) for side in (node.left, node.right)
    )


def _break(node: ast.AST) -> None:
    if isinstance(node, ast.Compare):
        node.ops[0] = _SWAPPED[type(node.ops[0])]()
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.BinOp):
        node.op = _OTHER_SIGN[type(node.op)]()
    elif isinstance(node, ast.UnaryOp):
        node.op = ast.UAdd()
        node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
    elif isinstance(node, ast.Constant):
        node.value = (not node.value) if isinstance(node.value, bool) else node.value + 1


def _tests_of(module: Path) -> tuple[str, ...]:
    part = module.relative_to(ROOM).as_posix()
    return next(tests for start, tests in TESTS.items() if part.startswith(start))


def _is_noticed(where: Path, module: Path, broken: str) -> bool:
    target = where / module
    before = target.read_text("utf-8")
    target.write_text(broken, "utf-8")
    run = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        *_tests_of(module),
    ]
    try:
        found = subprocess.run(  # noqa: S603
            run, cwd=where, env={"PYTHONPATH": "src"}, capture_output=True, timeout=300, check=False
        )
        return found.returncode != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        target.write_text(before, "utf-8")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--sample", type=int, default=60)
    asked.add_argument("--only", default="", help="beginning of the modules' path in the clinical room")
    wanted = asked.parse_args()
    trees = {
        path.relative_to(ROOT): ast.parse(path.read_text("utf-8"))
        for path in sorted((ROOT / ROOM / wanted.only).rglob("*.py"))
    }
    every = [(module, *fault) for module, tree in trees.items() for fault in faults(tree)]
    chosen = random.Random(wanted.seed).sample(every, min(wanted.sample, len(every)))  # noqa: S311
    killed = 0
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        for part in ("src", "tests"):
            shutil.copytree(ROOT / part, where / part)
        shutil.copy(ROOT / "pyproject.toml", where)
        for module in {_tests_of(m): m for m, *_ in chosen}.values():
            if _is_noticed(where, module, ast.unparse(trees[module])):
                sys.exit(f"The tests of {module} fail without any fault.")
        for module, node, what in chosen:
            if _is_noticed(where, module, with_fault(trees[module], node)):
                killed += 1
                print(f"noticed:  {module}:{what}", flush=True)
            else:
                print(f"survived: {module}:{what}", flush=True)
    print(f"seed {wanted.seed}: {killed} of {len(chosen)} noticed ({len(every)} faults in all)")


if __name__ == "__main__":
    main()
