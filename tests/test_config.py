from __future__ import annotations

import os
import re
import stat
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest

from ketplan import config
from ketplan.config import Ehr, Settings, Site
from ketplan.errors import ConfigError

KEY = "Zk3-vQ9_xT1mB7rW5yH2uJ8nL4sD6fGa"
AN_EHR = '[[ehr]]\nname = "general"\niss = "https://ehr.example.org/fhir"\nclient_id = "ketplan"\n'


def load(tmp_path: Path, toml: str = "", **environ: str) -> Settings:
    file = tmp_path / "ketplan.toml"
    file.write_text(toml, "utf-8")
    return config.load(
        {"KETPLAN_HOME": str(tmp_path / "home"), "KETPLAN_CONFIG": str(file), **environ}, "linux"
    )


def test_without_any_setting_there_is_a_site_and_no_ehr() -> None:
    settings = config.load({"HOME": "/home/jo"}, "linux")
    assert settings.home == Path("/home/jo/.local/share/ketplan")
    assert settings.database_url == "sqlite:////home/jo/.local/share/ketplan/ketplan.db"
    assert settings.public_url == "http://localhost:8400"
    assert settings.site == Site()
    assert settings.ehrs == ()
    assert settings.site.hours == dict.fromkeys(range(5), (time(8), time(17)))


@pytest.mark.parametrize(
    ("platform", "environ", "home"),
    [
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/ketplan"),
        ("darwin", {}, "/home/jo/Library/Application Support/ketplan"),
        ("win32", {"LOCALAPPDATA": "/appdata"}, "/appdata/ketplan"),
        ("linux", {"KETPLAN_HOME": "/srv/k"}, "/srv/k"),
    ],
)
def test_the_data_folder_follows_the_platform(platform: str, environ: dict[str, str], home: str) -> None:
    assert config.load({"HOME": "/home/jo", **environ}, platform).home == Path(home)


def test_loading_writes_nothing(tmp_path: Path) -> None:
    assert not load(tmp_path).home.exists()


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("postgres://u:p@db/k", "postgresql+psycopg://u:p@db/k"),
        ("postgresql://db/k", "postgresql+psycopg://db/k"),
        ("postgresql+psycopg://db/k", "postgresql+psycopg://db/k"),
        ("sqlite:///x.db", "sqlite:///x.db"),
    ],
)
def test_database_addresses_are_made_to_name_their_driver(tmp_path: Path, url: str, used: str) -> None:
    settings = load(tmp_path, KETPLAN_DATABASE_URL=url)
    assert settings.database_url == used
    assert used not in repr(settings)


@pytest.mark.parametrize(
    "url", ["https://ketplan.example", "https://ketplan.example/", "http://127.0.0.1:8400"]
)
def test_a_public_address_is_https_or_this_machine(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, KETPLAN_PUBLIC_URL=url).public_url == url.rstrip("/")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KETPLAN_PUBLIC_URL", "http://ketplan.example"),
        ("KETPLAN_PUBLIC_URL", "https://ketplan.example/path"),
        ("KETPLAN_PUBLIC_URL", "https://user@ketplan.example"),
        ("KETPLAN_PUBLIC_URL", "https://ketplan.example?x=1"),
        ("KETPLAN_PUBLIC_URL", "ketplan.example"),
        ("KETPLAN_DATABASE_URL", "mysql://db/k"),
        ("KETPLAN_SECRET_KEY", ""),
        ("KETPLAN_SECRET_KEY", "short"),
        ("KETPLAN_SECRET_KEY", "a" * 64),
        ("KETPLAN_SECRET_KEY", "changeme-" + KEY),
        ("KETPLAN_CONFIG", "/no/such/file.toml"),
        ("KETPLAN_CONFIG", "/"),
    ],
)
def test_unsafe_environment_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name) as caught:
        load(tmp_path, **{name: value})
    if name == "KETPLAN_SECRET_KEY" and value:
        assert value not in str(caught.value)


def test_a_site_is_read_in_full(tmp_path: Path) -> None:
    toml = """
    [site]
    name = "Harbour Clinic"
    timezone = "America/Chicago"
    country = "US"
    holidays = [2026-11-27, "2026-12-24"]
    holiday_calendar = "US/NY"
    hours = { monday = "08:30-17:00", saturday = "09:00 - 12:00" }
    crisis_line = "Call 988."
    crisis_lines = { es = "Llame al 988." }
    telephone = "+1 555 0100"
    signing_roles = ["112247003"]
    parallel = 8
    """
    assert load(tmp_path, toml).site == Site(
        name="Harbour Clinic",
        timezone="America/Chicago",
        country="US",
        holidays=(date(2026, 11, 27), date(2026, 12, 24)),
        holiday_calendar="US/NY",
        hours={0: (time(8, 30), time(17)), 5: (time(9), time(12))},
        crisis_line="Call 988.",
        crisis_lines={"es": "Llame al 988."},
        telephone="+1 555 0100",
        signing_roles=("112247003",),
        parallel=8,
    )


def test_an_ehr_is_read_in_full_and_its_secret_comes_from_the_environment(tmp_path: Path) -> None:
    toml = (
        AN_EHR
        + 'client_secret_env = "KETPLAN_GENERAL_SECRET"\nscopes = ["openid", "patient/*.rs"]\n'
        + 'frame_ancestors = ["https://ehr.example.org/", "http://127.0.0.1:8401"]\nlabel = "General"\n'
    )
    settings = load(tmp_path, toml, KETPLAN_GENERAL_SECRET="canary-secret")
    assert settings.ehrs == (
        Ehr(
            name="general",
            iss="https://ehr.example.org/fhir",
            client_id="ketplan",
            client_secret="canary-secret",
            scopes=("openid", "patient/*.rs"),
            frame_ancestors=("https://ehr.example.org", "http://127.0.0.1:8401"),
            label="General",
        ),
    )
    assert "canary-secret" not in repr(settings)


def test_an_ehr_needs_three_things_only(tmp_path: Path) -> None:
    (ehr,) = load(tmp_path, AN_EHR).ehrs
    assert (ehr.client_secret, ehr.scopes, ehr.frame_ancestors, ehr.label) == (None, (), (), "general")


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("not toml", "not TOML"),
        ("[sites]", r"sites is not known .* known are course, ehr, entry, .*, site, weight"),
        ('[site]\nzone = "x"', r"zone is not known in \[site\]; known are .*country, .*timezone"),
        ('[site]\ntimezone = "America/Nowhere"', "no zone"),
        ('[site]\ntimezone = "../etc/passwd"', "no zone"),
        ("[site]\nname = 3", "name in"),
        ('[site]\nholidays = ["Christmas"]', "holidays"),
        ("[site]\nholidays = 2026-12-25", "holidays"),
        ('[site]\nhours = { monday = "17:00-08:00" }', "monday"),
        ('[site]\nhours = { monday = "all day" }', "monday"),
        ('[site]\nhours = { mon = "08:00-17:00" }', "mon is not known"),
        ('[site]\nhours = "08:00-17:00"', "table is expected"),
        ("[site]\nsigning_roles = [1]", "signing_roles"),
        ("[site]\ncrisis_lines = { es = 988 }", "crisis_lines"),
        ("[site]\ncrisis_lines = 'es'", "crisis_lines"),
        ("[site]\nparallel = 0", "parallel"),
        ("[site]\nparallel = true", "parallel"),
        ("[site.calendars]\n'Schedule/1' = 'sofa'", "calendars in"),
        ("[site.calendars]\nroom = 'chair'", "calendars in"),
        ("[site]\ncalendar_names = 1", "calendar_names"),
        ("[site]\nreminders = 'x'", "reminders in"),
        ("[ehr]\nname = 'x'", "two brackets"),
        ("site = 3", "table is expected"),
        ("[[ehr]]\nname = 'General Hospital'", "small letters"),
        ("[[ehr]]\nname = 'x'", "iss in"),
        (AN_EHR + "client_secret = 'canary-secret'", "secrets come from the environment"),
        (AN_EHR + "client_secret_env = 'KETPLAN_MISSING'", "not set"),
        (AN_EHR + "scopes = 'openid'", "list of texts"),
        (AN_EHR + "frame_ancestors = ['*']", "frame_ancestors"),
        (AN_EHR + "frame_ancestors = ['https://*.example.org']", "frame_ancestors"),
        (AN_EHR + "frame_ancestors = ['https://ehr.example.org/path']", "frame_ancestors"),
        (AN_EHR + AN_EHR, "same name"),
        (AN_EHR + AN_EHR.replace("general", "other").replace('/fhir"', '/fhir/"'), "same iss"),
        (AN_EHR.replace("https://ehr", "http://ehr"), "iss in"),
        (AN_EHR.replace("https://ehr", "https://*"), "iss in"),
        (AN_EHR.replace("/fhir", "/fhir?tenant=1"), "iss in"),
        ("secret_key = 'canary-secret'", "secrets come from the environment"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(tmp_path: Path, toml: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        load(tmp_path, toml)
    assert "canary-secret" not in str(caught.value)
    assert re.fullmatch(r"[^\n]+\.", str(caught.value))


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "k.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load({"KETPLAN_CONFIG": str(tmp_path / "k.toml")}, "linux")


def test_a_key_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    settings = load(tmp_path)
    key = config.signing_key(settings)
    kept = settings.home / "secret.key"
    assert len(key) >= 64
    assert config.signing_key(settings) == key
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.home.stat().st_mode) == 0o700
    assert [p.name for p in settings.home.iterdir()] == ["secret.key"]
    other = replace(settings, home=tmp_path / "other")
    assert config.signing_key(other) != key


def test_a_key_from_the_environment_wins_and_keeps_nothing(tmp_path: Path) -> None:
    settings = load(tmp_path, KETPLAN_SECRET_KEY=KEY)
    assert config.signing_key(settings) == KEY
    assert not settings.home.exists()
    assert KEY not in repr(settings)


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_a_kept_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    settings = load(tmp_path)
    config.signing_key(settings)
    (settings.home / "secret.key").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        config.signing_key(settings)


def test_a_kept_key_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    settings = load(tmp_path)
    config.signing_key(settings)
    (settings.home / "secret.key").write_text("")
    with pytest.raises(ConfigError, match=r"secret\.key"):
        config.signing_key(settings)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = replace(load(tmp_path), home=tmp_path / "file" / "home")
    with pytest.raises(ConfigError, match="KETPLAN_HOME"):
        config.ensure_home(settings)


def test_every_setting_is_described_once_with_meaning_default_and_example() -> None:
    rows = config.describe()
    assert len({(row.table, row.name) for row in rows}) == len(rows)
    assert all(all(row) for row in rows)


def test_the_manual_and_the_code_know_the_same_settings() -> None:
    source = Path(config.__file__).read_text("utf-8")
    described = {row.name for row in config.describe() if row.table == "environment"}
    assert described == set(re.findall(r'environ\.get\("(KETPLAN_\w+)"', source))
    site = {row.name for row in config.describe() if row.table == "site"}
    assert site == set(Site.__dataclass_fields__) - {"clinical"}
    ehr = {row.name for row in config.describe() if row.table == "ehr"}
    named = {
        "client_secret": "client_secret_env",
        "proof": "client_auth",
        "refreshing": "refresh",
        "nonce_optional": "nonce",
        "id_token_optional": "id_token",
        "backend": "backend_client_id",
    }
    assert ehr == {named.get(name, name) for name in Ehr.__dataclass_fields__} | {"backend_scopes"}


@pytest.mark.parametrize(
    ("host", "inner"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("127.0.0.1.evil.tld", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_is_this_machine_only(host: str, inner: bool) -> None:
    assert config.is_loopback(host) is inner


class TestRegistration:
    """How ketplan proves itself at an EHR, and which of these settings contradict each other."""

    def ehr(self, tmp_path: Path, *lines: str, **environ: str) -> config.Ehr:
        file = tmp_path / "registration.toml"
        base = ["[[ehr]]", 'name = "general"', 'iss = "https://ehr.example.org/fhir"', 'client_id = "web"']
        file.write_text("\n".join([*base, *lines]))
        public = {"KETPLAN_PUBLIC_URL": "https://ketplan.example.org"}
        return config.load({"KETPLAN_CONFIG": str(file), **public, **environ}).ehrs[0]

    def test_by_a_secret_where_there_is_one_else_as_a_public_client(self, tmp_path: Path) -> None:
        assert self.ehr(tmp_path).client == config.Client("web")
        found = self.ehr(tmp_path, 'client_secret_env = "S"', S="canary-secret")
        assert found.client == config.Client("web", config.Proof.SECRET, "canary-secret")
        assert "canary-secret" not in repr(found)

    def test_by_key_with_the_algorithm_of_ones_choice(self, tmp_path: Path) -> None:
        found = self.ehr(tmp_path, 'client_auth = "key"', 'key_algorithm = "ES384"')
        assert found.client == config.Client("web", config.Proof.KEY, None, "ES384")
        assert found.uses_keys
        assert not self.ehr(tmp_path).uses_keys

    def test_the_sync_has_a_client_of_its_own_and_is_off_as_shipped(self, tmp_path: Path) -> None:
        assert self.ehr(tmp_path).backend is None
        found = self.ehr(tmp_path, 'backend_client_id = "sync"', 'backend_scopes = ["system/Slot.rs"]')
        client = config.Client("sync", config.Proof.KEY)
        assert found.backend == config.Backend(client, ("system/Slot.rs",))
        assert found.client.proof is config.Proof.PUBLIC

    @pytest.mark.parametrize(
        ("lines", "words"),
        [
            (['client_auth = "mtls"'], "client_auth"),
            (['client_auth = "key"', 'client_secret_env = "S"'], "only one"),
            (['client_auth = "public"', 'client_secret_env = "S"'], "only one"),
            (['client_auth = "secret"'], "client_secret_env"),
            (['key_algorithm = "HS256"'], "RS384 or ES384"),
            (['refresh = "always"'], "refresh"),
            (["nonce = true"], "nonce"),
            (['id_token = "no"'], "id_token"),
            (['backend_scopes = ["system/Slot.rs"]'], "backend_client_id"),
            (['backend_client_id = "sync"'], "system scopes"),
            (['backend_client_id = "sync"', "backend_scopes = []"], "system scopes"),
            (['backend_client_id = "sync"', 'backend_scopes = ["user/Slot.rs"]'], "system scopes"),
            (['backend_client_id = "sync"', 'backend_scopes = ["system/Slot."]'], "system scopes"),
            (['backend_client_id = "web"', 'backend_scopes = ["system/Slot.rs"]'], "another client"),
        ],
    )
    def test_what_contradicts_itself_is_refused(self, tmp_path: Path, lines: list[str], words: str) -> None:
        with pytest.raises(ConfigError, match=words):
            self.ehr(tmp_path, *lines, S="canary-secret")

    @pytest.mark.parametrize(
        "lines",
        [['client_auth = "key"'], ['backend_client_id = "sync"', 'backend_scopes = ["system/Slot.rs"]']],
    )
    def test_keys_that_the_ehr_fetches_need_an_address_with_https(
        self, tmp_path: Path, lines: list[str]
    ) -> None:
        with pytest.raises(ConfigError, match="https"):
            self.ehr(tmp_path, *lines, KETPLAN_PUBLIC_URL="http://localhost:8400")

    def test_former_secret_keys_still_open_what_they_sealed(self, tmp_path: Path) -> None:
        former = "b7Qz-former-key-2kLm9TxVw4Rp8Nsa"
        environ = {"KETPLAN_SECRET_KEY": "n3Wd-present-key-8jHg6FsAq1Zx5Cv", "KETPLAN_HOME": str(tmp_path)}
        found = config.load({**environ, "KETPLAN_OLD_SECRET_KEYS": f"{former} "})
        assert config.secret_keys(found) == [environ["KETPLAN_SECRET_KEY"], former]
        assert former not in repr(found)
        with pytest.raises(ConfigError, match="KETPLAN_OLD_SECRET_KEYS"):
            config.load({**environ, "KETPLAN_OLD_SECRET_KEYS": "short"})
