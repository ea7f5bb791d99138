"""`fairlead policies export`: data to stdout, what cannot be said to stderr."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from fairlead.cli.policies import app
from fairlead.model.errors import UsageError


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["export", *words])


def test_yaml_and_json_are_the_same_objects() -> None:
    asked = ("--rule", "SEC", "--all", "--action", "Deny", "--action", "Audit")
    from_yaml = list(yaml.safe_load_all(run(*asked).stdout))
    assert from_yaml == json.loads(run(*asked, "-o", "json").stdout)["items"]
    assert {each["kind"] for each in from_yaml} == {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
    assert from_yaml[1]["spec"]["validationActions"] == ["Deny", "Audit"]


def test_kube_system_is_spared_unless_it_is_not() -> None:
    assert "kube-system" in json.dumps(json.loads(run("--rule", "RES101", "-o", "json").stdout)["items"][1])
    unspared = json.loads(run("--rule", "RES101", "--spare", "", "-o", "json").stdout)["items"][1]
    assert "matchResources" not in unspared["spec"]


def test_rules_that_cannot_be_said_are_told() -> None:
    result = run("--rule", "RES", "--rule", "NOD134", "--rule", "NET201")
    assert "left out: NOD134: is about what no admission policy is shown: KubeProxyConfiguration" in result.stderr
    assert "left out: NET201, RES201" in result.stderr
    assert isinstance(run("--rule", "NOD134").exception, UsageError)


def test_parameters_come_from_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "check.yaml"
    file.write_text("params: {RES110: {ratio: 9}}\n")
    assert "ratio" in run("--rule", "RES110", "--config", str(file)).stdout
    assert "dyn(9)" in run("--rule", "RES110", "--config", str(file)).stdout
    file.write_text("params: {RES110: {ration: 9}}\n")
    error = run("--rule", "RES110", "--config", str(file)).exception
    with pytest.raises(UsageError, match="RES110 has no parameter `ration`"):
        raise error or AssertionError
