"""What is shipped for deployment fits together and fits the code; no engine and no network is needed to see it."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from api.metric_catalogue import exported_names
from config.settings import Settings
from config.sound_settings import sound_settings
from core.clock import SystemClock
from core.storage.store import SqlStore
from tests.servers.sqlite import new_sqlite

_ROOT = Path(__file__).resolve().parents[2]
_DEPLOY = _ROOT / "deploy"
_KUBERNETES = _DEPLOY / "kubernetes"
_MANIFESTS = sorted(
    path for path in _KUBERNETES.rglob("*.yaml") if path.name not in ("kustomization.yaml", "scraper.patch.yaml")
)
_KUBERNETES_VERSIONS = ("1.30", "1.37")
_SETTINGS = {name.upper() for name in Settings.model_fields}
_DOCKERFILE = (_ROOT / "Dockerfile").read_text("utf-8")


def _documents(path: Path) -> list[Any]:
    return [document for document in yaml.safe_load_all(path.read_text("utf-8")) if document]


def _compose() -> dict[str, Any]:
    (compose,) = _documents(_DEPLOY / "compose.yaml")
    assert isinstance(compose, dict)
    return compose


def _settings_of(kind: str) -> dict[str, str]:
    """The data of every ConfigMap or Secret that the hub reads as its environment."""
    found: dict[str, str] = {}
    for path in _MANIFESTS:
        for document in _documents(path):
            if document["kind"] == kind and document["metadata"]["name"] == "switchboard":
                found |= document.get("data") or document.get("stringData")
    return found


def test_the_compose_file_is_valid() -> None:
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(_DEPLOY / "compose.yaml"),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_has_every_part_and_only_settings_that_exist() -> None:
    services = _compose()["services"]
    assert {"web", "worker", "proxy", "postgres", "redis", "chroma"} <= set(services)
    for role in ("web", "worker"):
        assert services[role]["command"] == ["switchboard", "serve", "--role", role]
        assert set(services[role]["environment"]) <= _SETTINGS
        assert services[role]["read_only"] is True
    ports = [port for name, service in services.items() if name != "proxy" for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in ports), "only a proxy may face the world"


def test_files_that_compose_mounts_exist_and_volumes_are_declared() -> None:
    compose = _compose()
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (_DEPLOY / source).exists(), source
            elif not source.startswith("$"):
                assert source in compose["volumes"]


def test_the_example_environment_names_what_compose_or_the_hub_reads() -> None:
    compose = (_DEPLOY / "compose.yaml").read_text("utf-8")
    named = set(re.findall(r"^#?([A-Z][A-Z_]+)=", (_ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    read = set(re.findall(r"\$\{([A-Z_]+)", compose))
    assert named <= read | _SETTINGS
    assert {name for name in read if f"${{{name}:?" in compose} <= named
    assert not list(_ROOT.glob("config/*.env")) + list(_DEPLOY.glob("*.env")), "there is one example"


@pytest.mark.parametrize("path", _MANIFESTS, ids=lambda path: path.name)
@pytest.mark.parametrize("version", _KUBERNETES_VERSIONS)
def test_manifests_are_valid(path: Path, version: str) -> None:
    documents = _documents(path)
    assert documents
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("role", ["web", "worker"])
def test_the_scraper_patch_gives_a_valid_deployment(role: str) -> None:
    deployment = _documents(_KUBERNETES / f"{role}.yaml")[0]
    pod = deployment["spec"]["template"]["spec"]
    for step in yaml.safe_load((_KUBERNETES / "monitoring/scraper.patch.yaml").read_text("utf-8")):
        prefix, _, last = step["path"].rpartition("/")
        assert (step["op"], last) == ("add", "-")
        pod[prefix.rsplit("/", 1)[-1]].append(step["value"])
    kubernetes_validate.validate(deployment, _KUBERNETES_VERSIONS[-1], strict=True)
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert all(mount["name"] in volumes for container in pod["containers"] for mount in container["volumeMounts"])


def test_pods_run_as_nobody_and_know_only_settings_that_exist() -> None:
    assert set(_settings_of("ConfigMap")) | set(_settings_of("Secret")) <= _SETTINGS
    assert not set(_settings_of("ConfigMap")) & set(_settings_of("Secret"))
    for path in _MANIFESTS:
        for document in _documents(path):
            if document["kind"] not in ("Deployment", "StatefulSet"):
                continue
            pod = document["spec"]["template"]["spec"]
            assert pod["securityContext"]["runAsNonRoot"] is True
            assert all(
                container["securityContext"]["capabilities"] == {"drop": ["ALL"]} for container in pod["containers"]
            )
            assert all("limits" in container["resources"] for container in pod["containers"])


def test_settings_of_the_cluster_are_taken_once_the_secret_is_filled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    secrets = _settings_of("Secret")
    empty = {name: ("s" if name == "SECRET_KEY" else "w") * 40 for name, value in secrets.items() if not value}
    for name, value in (_settings_of("ConfigMap") | secrets | empty).items():
        monkeypatch.setenv(name, value)
    assert sound_settings()[1] == []


def test_the_kustomization_lists_every_manifest() -> None:
    listed = yaml.safe_load((_KUBERNETES / "kustomization.yaml").read_text("utf-8"))["resources"]
    written = {path.name for path in _MANIFESTS if path.parent == _KUBERNETES} - {"secret.example.yaml"}
    assert set(listed) == written


def test_both_scrapers_are_configured_alike() -> None:
    alone = yaml.safe_load((_DEPLOY / "prometheus/agent.yml").read_text("utf-8"))
    (mapped,) = _documents(_KUBERNETES / "monitoring/agent.yaml")
    inside = yaml.safe_load(mapped["data"]["agent.yml"])
    assert alone.pop("remote_write") != inside.pop("remote_write")
    assert alone == inside


def test_scrapers_can_read_the_token_that_metrics_asks_for() -> None:
    """As the hub's own user, from the hub's own volume: both files that are shipped set PUBLIC_URL."""
    agent = yaml.safe_load((_DEPLOY / "prometheus/agent.yml").read_text("utf-8"))
    (job,) = agent["scrape_configs"]
    assert job["authorization"] == {"credentials_file": "/data/operator_token"}
    assert "DATA_DIR=/data" in _DOCKERFILE
    services = _compose()["services"]
    for role in ("web", "worker"):
        assert services[f"scrape-{role}"]["user"].split(":")[0] == "10001"
        assert "data:/data:ro" in services[f"scrape-{role}"]["volumes"]
        assert "data:/data" in services[role]["volumes"]
    (container, *_volumes) = yaml.safe_load((_KUBERNETES / "monitoring/scraper.patch.yaml").read_text("utf-8"))
    assert {"name": "data", "mountPath": "/data", "readOnly": True} in container["value"]["volumeMounts"]


def test_images_are_pinned_and_agree() -> None:
    text = "\n".join(path.read_text("utf-8") for path in [_DEPLOY / "compose.yaml", *_KUBERNETES.rglob("*.yaml")])
    version = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    own = {"switchboard", "switchboard-web", f"switchboard:{version}", f"switchboard-web:{version}"}
    images = {re.sub(r"^\$\{\w+:-(.+)\}$", r"\1", image) for image in re.findall(r"image: (\S+)", text)} - own
    assert len({image.split(":")[0] for image in images}) == len(images), "one version of each"
    images |= set(re.findall(r"^ARG \w*IMAGE=(\S+)", _DOCKERFILE, re.MULTILINE))
    assert len(images) == 7
    assert [image for image in images if not re.search(r":v?\d+\.\d+(\.\d+|-alpine)", image)] == [], "exact versions"
    assert "latest" not in text
    assert {*re.findall(r"newTag: \"(.+)\"", text)} == {version}
    assert not re.findall(r"^FROM (?!\$\{PYTHON_IMAGE\}|installed|ready|trimmed|runtime)", _DOCKERFILE, re.MULTILINE)
    locked = re.search(r"^chromadb==(\S+)", (_ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    assert locked is not None
    assert f"chromadb/chroma:{locked[1]}" in images, "server and client are of one version"


def test_no_password_has_a_default() -> None:
    for service, described in _compose()["services"].items():
        for name, value in (described.get("environment") or {}).items():
            for used, default in re.findall(r"\$\{(\w+):([-?])", str(value)):
                if re.search("PASSWORD|SECRET_KEY", used):
                    assert default == "?", f"{service} {name}"
            if "PASSWORD" in name:
                assert str(value).startswith("${"), f"{service} {name}"
    grafana = _compose()["services"]["grafana"]["environment"]
    assert grafana["GF_AUTH_ANONYMOUS_ENABLED"] == "false"


def test_the_image_is_installed_by_the_same_script_and_does_not_run_as_root() -> None:
    assert "bash scripts/install.sh run" in _DOCKERFILE
    stages = re.findall(r"^FROM (\S+) AS (\w+)$", _DOCKERFILE, re.MULTILINE)
    assert stages[-1] == ("runtime", "full")
    runtime = _DOCKERFILE[_DOCKERFILE.index(" AS runtime") : _DOCKERFILE.index("FROM runtime AS web")]
    assert "USER 10001" in runtime
    assert "HEALTHCHECK" in runtime
    assert "USER" not in _DOCKERFILE[_DOCKERFILE.index("FROM runtime AS web") :]
    assert re.search(r"^ARG PYTHON_IMAGE=python:3\.11\.\d+-slim", _DOCKERFILE, re.MULTILINE)
    declared = set(re.findall(r"([A-Z_]+)=", re.search(r"^ENV PATH.*$", runtime, re.MULTILINE)[0]))  # type: ignore[index]
    assert declared - {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"} <= _SETTINGS


def test_what_runs_holds_a_model_that_was_made_ready_and_nothing_that_makes_one() -> None:
    """Each library of the last stage is one that a running server uses; who needs another one is asked about it here."""
    ready, trimmed, full = (_stage(name) for name in ("ready", "trimmed", "full"))
    assert re.findall(r"(?:EMBEDDING_PRECISION=(\w+) )?\.venv/bin/switchboard prepare", ready) == ["", "int8"]
    assert "COPY --from=trimmed /app /app" in full
    listed = re.search(r"grep -E -x -i '([^']+)'", trimmed)
    assert listed is not None
    leaves = re.compile(f"({listed[1]})", re.IGNORECASE)
    makers = ("torch", "transformers", "sentence-transformers", "onnx", "onnxscript", "nvidia-cublas-cu12", "triton")
    runners = ("onnxruntime", "tokenizers", "huggingface-hub", "numpy", "chromadb", "torchless")
    assert [name for name in makers if not leaves.fullmatch(name)] == []
    assert [name for name in runners if leaves.fullmatch(name)] == []


def _stage(name: str) -> str:
    found = re.search(rf"^FROM \S+ AS {name}$(.*?)(?=^FROM |\Z)", _DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert found is not None, name
    return found[1]


def test_everything_the_image_copies_exists_and_is_not_ignored() -> None:
    kept = [line[1:] for line in (_ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    sources = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", _DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert sources
    for source in sources:
        assert (_ROOT / source).exists(), source
        assert any(source == path or source.startswith(f"{path}/") for path in kept), (
            f".dockerignore leaves {source} out"
        )


def test_the_image_holds_every_package() -> None:
    packages = {path.parent.name for path in _ROOT.glob("*/__init__.py")} - {"tests", "bench", "scripts"}
    copied = set(re.findall(r"^COPY (\w+) \1$", _DOCKERFILE, re.MULTILINE))
    assert copied == packages


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (None, 1)])
async def test_the_health_check_tells_a_live_server_from_a_dead_one(status: int | None, code: int) -> None:
    app = web.Application()

    async def live(_request: web.Request) -> web.Response:
        return web.Response(status=status or 200)

    app.router.add_get("/health/live", live)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    port = server.port
    if status is None:
        await server.close()
    assert await _run_health_check(port) == code
    await server.close()


async def _run_health_check(port: int | None) -> int | None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-S", str(_DEPLOY / "healthcheck.py"), env={"PORT": str(port)}
    )
    return await child.wait()


def _expressions() -> list[tuple[str, str]]:
    dashboard = json.loads((_DEPLOY / "grafana/switchboard.json").read_text("utf-8"))
    found = [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel["targets"]]
    alerts = yaml.safe_load((_DEPLOY / "prometheus/alerts.yml").read_text("utf-8"))
    return found + [(rule["alert"], rule["expr"]) for group in alerts["groups"] for rule in group["rules"]]


def test_dashboard_and_alerts_use_metrics_and_labels_that_exist() -> None:
    names = exported_names()
    for title, expression in _expressions():
        for metric, selector in re.findall(r"(switchboard_\w+)(?:\{([^}]*)\})?", expression):
            name = re.sub(r"_(bucket|sum|count)$", "", metric) if "_seconds_" in metric else metric
            assert name in names, f"{title}: {metric}"
            labels = set(re.findall(r"(\w+)=~?\"", selector))
            assert labels <= set(names[name].labels), f"{title}: {selector}"
        for grouping in re.findall(r"by \(([^)]*)\)", expression):
            known = {label for name in names.values() for label in name.labels} | {"le"}
            assert set(re.split(r",\s*", grouping)) <= known, f"{title}: {grouping}"


async def test_dashboard_and_alerts_ask_for_backlogs_that_are_counted(tmp_path: Path) -> None:
    url = new_sqlite(tmp_path / "hub.db")
    store = SqlStore(url, SystemClock())
    await store.open()
    counted = set(await store.counts())
    await store.close()
    asked = set(re.findall(r'switchboard_backlog\{kind="(\w+)"\}', str(_expressions())))
    assert asked
    assert asked <= counted


def test_the_dashboard_is_laid_out_without_overlaps() -> None:
    panels = json.loads((_DEPLOY / "grafana/switchboard.json").read_text("utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        covered = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not covered & cells, panel["title"]
        assert place["x"] + place["w"] <= 24
        cells |= covered
        assert panel["description"]
