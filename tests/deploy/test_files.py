"""The files of deploy/ say what the code says: commands, settings, ports, paths, and no needless rights."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from ketplan import config
from ketplan.cli import main
from ketplan.config.example import example

DEPLOY = Path(__file__).parents[2] / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
KUBERNETES = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "ketplan.yaml").read_text("utf-8")))
SETTINGS = {row.name for row in config.describe() if row.table == "environment"}
ROUTES = re.findall(r'add_url_rule\("([^"]+)"', (DEPLOY.parent / "src/ketplan/web/app.py").read_text("utf-8"))
OURS = ("app", "worker")


def instruction(name: str) -> str:
    (said,) = re.findall(rf"^{name} (.+)$", CONTAINERFILE, re.MULTILINE)
    return str(said)


def containers() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for thing in KUBERNETES:
        if thing["kind"] in ("Deployment", "StatefulSet"):
            pod = thing["spec"]["template"]["spec"]
            for container in pod["containers"]:
                yield pod, container


COMMANDS = [
    json.loads(instruction("CMD")),
    *(COMPOSE["services"][name]["command"] for name in OURS),
    *(container["args"] for _, container in containers()),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_is_one_of_ours_with_options_it_has(words: list[str]) -> None:
    command = main.commands[words[0]]
    context = command.make_context(words[0], list(words[1:]), resilient_parsing=False)
    assert isinstance(context, click.Context)
    if words[0] == "serve":
        assert context.params["no_worker"], "the workers are processes of their own here"
        assert context.params["host"] == "0.0.0.0"


def test_what_runs_is_what_the_image_starts() -> None:
    assert json.loads(instruction("ENTRYPOINT")) == ["ketplan"]
    assert {words[0] for words in COMMANDS} == {"serve", "worker"}


def test_the_environment_is_made_of_settings() -> None:
    said = set(re.findall(r"KETPLAN_[A-Z_]+", CONTAINERFILE))
    for name in OURS:
        said |= set(COMPOSE["services"][name]["environment"])
    for _, container in containers():
        said |= {each["name"] for each in container["env"]} - {"POD_NAME"}
    assert said <= SETTINGS
    assert {"KETPLAN_DATABASE_URL", "KETPLAN_SECRET_KEY", "KETPLAN_PUBLIC_URL"} <= said


def test_the_home_of_the_image_is_the_writable_one() -> None:
    home = "/var/lib/ketplan"
    assert f"KETPLAN_HOME={home}" in CONTAINERFILE
    assert instruction("VOLUME") == home
    assert all(home in COMPOSE["services"][name]["tmpfs"] for name in OURS)
    for _, container in containers():
        assert home in {mount["mountPath"] for mount in container["volumeMounts"]}


def test_ports_are_the_one_the_app_listens_on() -> None:
    (port,) = [str(p.default) for p in main.commands["serve"].params if p.name == "port"]
    assert instruction("EXPOSE") == port
    assert COMPOSE["services"]["app"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    (exposed,) = [p for _, container in containers() for p in container.get("ports", [])]
    assert str(exposed["containerPort"]) == port
    (service,) = [thing for thing in KUBERNETES if thing["kind"] == "Service"]
    assert service["spec"]["ports"][0]["targetPort"] == exposed["name"]
    assert f"http://127.0.0.1:{port}/" in CONTAINERFILE


def test_the_probes_ask_what_there_is() -> None:
    asked = re.findall(r"127\.0\.0\.1:\d+(/\w+)", CONTAINERFILE)
    for _, container in containers():
        probes = [container.get("livenessProbe"), container.get("readinessProbe")]
        asked += [probe["httpGet"]["path"] for probe in probes if probe]
    assert sorted(asked) == ["/healthz", "/readyz", "/readyz"]
    assert set(asked) <= set(ROUTES)


def test_nothing_runs_as_root_or_writes_where_it_need_not() -> None:
    user = instruction("USER")
    assert f"--uid {user}" in CONTAINERFILE and user != "0"
    for name in OURS:
        service = COMPOSE["services"][name]
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    for pod, container in containers():
        assert pod["securityContext"]["runAsNonRoot"]
        assert str(pod["securityContext"]["runAsUser"]) == user
        assert not pod["automountServiceAccountToken"]
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] and not rights["allowPrivilegeEscalation"]
        assert rights["capabilities"] == {"drop": ["ALL"]}


def test_secrets_stand_in_no_file() -> None:
    for name in OURS:
        for value in COMPOSE["services"][name]["environment"].values():
            assert "${" in value or value.startswith("/etc/"), value
    for _, container in containers():
        for each in container["env"]:
            assert "value" not in each or each["name"] == "KETPLAN_CONFIG"


def test_two_of_each_and_a_worker_may_finish() -> None:
    assert COMPOSE["services"]["worker"]["deploy"]["replicas"] == 2
    assert [t["spec"]["replicas"] for t in KUBERNETES if "replicas" in t.get("spec", {})] == [2, 2]
    (worker,) = [t for t in KUBERNETES if t["kind"] == "StatefulSet"]
    assert worker["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > 20


# --- the settings to begin with -------------------------------------------------------------------------


def test_the_settings_to_begin_with_are_those_of_the_code() -> None:
    assert (DEPLOY / "settings.example.toml").read_text("utf-8") == example()


def test_they_are_accepted_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(example(), "utf-8")
    loaded = config.load({"KETPLAN_CONFIG": str(file), "KETPLAN_HOME": str(tmp_path)})
    assert [ehr.name for ehr in loaded.ehrs] == ["general"]
    assert loaded.site.name == "Harbour Clinic"


def test_every_setting_stands_in_them_once() -> None:
    for row in config.describe():
        needle = f"#   {row.name}:" if row.table == "environment" else f"{row.name} = "
        assert needle in example(), shlex.quote(row.name)
