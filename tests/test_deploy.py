"""The files that take the project to other machines, checked as far as one machine can.

Nothing is built or rented here: Ray and the AWS client check their own formats, the
shell checks the commands, and what is copied must exist.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml

from helpers.scales import all_specs

ROOT = Path(__file__).resolve().parents[1]
CLUSTER = ROOT / "deploy" / "ray-aws.yaml"


def instructions() -> list[tuple[str, str]]:
    """Instruction and argument of each line of the Dockerfile, continuations joined."""
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", "")
    found = [line.split(None, 1) for line in lines.splitlines() if line.strip()]
    return [(name, argument.strip()) for name, argument in found]


def of(name: str) -> list[str]:
    return [argument for found, argument in instructions() if found == name]


def shell_accepts(command: str, shell: str = "sh") -> None:
    checked = subprocess.run([shell, "-n"], input=command, text=True, check=False)
    assert checked.returncode == 0, command


def test_the_image_runs_as_an_ordinary_user() -> None:
    names = [name for name, _ in instructions()]
    assert names.index("USER") < names.index("CMD")
    assert of("USER") == ["reprise"]  # the last stage's, and never root again


def test_both_builds_come_from_one_file() -> None:
    packages = next(command for command in of("RUN") if "$TORCH" in command)
    choice, pip = packages.split("esac;")
    tried = f"{choice} esac; echo ${{PIP_EXTRA_INDEX_URL:-none}}"
    said = {
        build: subprocess.run(
            ["sh", "-c", tried], env={"TORCH": build}, capture_output=True, text=True
        )
        for build in ("cpu", "cuda", "tpu")
    }
    assert said["cpu"].stdout.endswith("/whl/cpu\n")
    assert said["cuda"].stdout == "none\n"
    assert said["tpu"].returncode == 1
    assert "not 'tpu'" in said["tpu"].stderr
    assert "-r requirements.lock" in pip


@pytest.mark.parametrize("command", of("RUN"))
def test_a_step_of_the_image_is_a_command(command: str) -> None:
    shell_accepts(command)


def test_what_the_image_copies_is_there() -> None:
    stages = [line.split(" AS ")[1] for line in of("FROM") if " AS " in line]
    for argument in of("COPY"):
        words = argument.split()
        options = [word for word in words if word.startswith("--")]
        taken = [o.removeprefix("--from=") for o in options if o.startswith("--from=")]
        assert set(taken) <= set(stages)
        if not taken:
            for source in words[len(options) : -1]:
                assert (ROOT / source).exists(), source


def test_the_image_is_made_from_the_tested_python() -> None:
    (default,) = {line for line in of("ARG") if line.startswith("PYTHON=")}
    runtime = (ROOT / ".binder" / "runtime.txt").read_text(encoding="utf-8").strip()
    assert runtime == f"python-{default.removeprefix('PYTHON=')}"


def test_the_context_of_the_image_leaves_out_what_git_ignores() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".git", ".venv", "build"} <= set(ignored)


def test_binder_installs_the_lock() -> None:
    folder = ROOT / ".binder"
    for line in (folder / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            assert (folder / line[3:]).resolve() == ROOT / "requirements.lock"
            break
    else:
        pytest.fail("no -r")
    script = folder / "postBuild"
    assert script.stat().st_mode & 0o100
    shell_accepts(script.read_text(encoding="utf-8"), "bash")


def test_the_development_container_makes_the_environment() -> None:
    path = ROOT / ".devcontainer" / "devcontainer.json"
    container = json.loads(path.read_text(encoding="utf-8"))
    assert container["postCreateCommand"] == "make setup"
    assert container["image"].endswith(":3.11-bookworm")


# What AWS says of its instance types: cores, MiB of memory, GPUs.
TYPES = {
    "m6i.large": (2, 8192, None),
    "m6i.xlarge": (4, 16384, None),
    "g6e.4xlarge": (16, 131072, {"Gpus": [{"Name": "L40S", "Count": 1}]}),
}


@pytest.fixture(scope="module")
def cluster() -> dict[str, Any]:
    """The cluster file as Ray completes it, with what AWS would answer."""
    pytest.importorskip("ray", reason="needs the extra called cluster")
    from ray.autoscaler._private import util
    from ray.autoscaler._private.aws import node_provider

    known = [
        {
            "InstanceType": name,
            "VCpuInfo": {"DefaultVCpus": cores},
            "MemoryInfo": {"SizeInMiB": memory},
            **({"GpuInfo": gpus} if gpus else {}),
        }
        for name, (cores, memory, gpus) in TYPES.items()
    ]
    written = yaml.safe_load(CLUSTER.read_text(encoding="utf-8"))
    with mock.patch.object(node_provider, "list_ec2_instances", return_value=known):
        return dict(
            node_provider.AWSNodeProvider.fillout_available_node_types_resources(
                util.prepare_config(written)
            )
        )


def test_ray_accepts_the_cluster_file(cluster: dict[str, Any]) -> None:
    from ray.autoscaler._private.util import validate_config

    validate_config(cluster)


def test_aws_accepts_every_kind_of_node(cluster: dict[str, Any]) -> None:
    from botocore.session import Session
    from botocore.validate import ParamValidator

    model = Session().get_service_model("ec2").operation_model("RunInstances")
    for name, node in cluster["available_node_types"].items():
        wanted = {"MinCount": 1, "MaxCount": 1, **node["node_config"]}
        report = ParamValidator().validate(wanted, model.input_shape)
        assert not report.has_errors(), f"{name}: {report.generate_report()}"


def test_workers_are_spot_and_the_head_is_not(cluster: dict[str, Any]) -> None:
    kinds = {
        name: node["node_config"].get("InstanceMarketOptions", {}).get("MarketType")
        for name, node in cluster["available_node_types"].items()
    }
    assert kinds == {"head": None, "cpu_spot": "spot", "gpu_spot": "spot"}
    assert cluster["available_node_types"]["head"]["resources"]["CPU"] == 0


@pytest.mark.parametrize("scale", ["smoke", "default", "paper"])
def test_every_notebook_fits_some_worker(cluster: dict[str, Any], scale: str) -> None:
    workers = [
        node["resources"]
        for name, node in cluster["available_node_types"].items()
        if name != "head"
    ]
    for spec in all_specs():
        row = spec.scale(scale)
        wanted = {
            "CPU": row.cores,
            "GPU": int(row.gpu),
            "memory": row.memory_mib * 2**20,
        }
        assert any(
            all(has.get(name, 0) >= amount for name, amount in wanted.items())
            for has in workers
        ), f"{spec.name} asks for {wanted}"


def test_all_nodes_have_one_image(cluster: dict[str, Any]) -> None:
    # Another Python would give another key, and the node would refuse the cells.
    nodes = cluster["available_node_types"].values()
    assert len({node["node_config"]["ImageId"] for node in nodes}) == 1


def test_commands_on_the_nodes_are_commands(cluster: dict[str, Any]) -> None:
    for stage in ("setup_commands", "head_start_ray_commands"):
        for command in cluster[stage]:
            shell_accepts(command, "bash")
    for command in cluster["worker_start_ray_commands"]:
        shell_accepts(command, "bash")
    assert cluster["file_mounts"] == {"~/reprise": "."}
