"""The written things hang together: rules, runbooks, procedures, components, commands."""

import shutil
import subprocess

import pytest
import yaml
from tests.demo import steps

from watchbill.demo import control, library
from watchbill.demo.place import SERVICES

PORTS = {"checkout": 8101, "payments": 8102, "catalogue": 8103}
TEXTS = library.runbooks(PORTS) | library.procedures(PORTS)
RULES = [
    rule
    for file in library.RULES.glob("*.yml")
    for group in yaml.safe_load(file.read_text())["groups"]
    for rule in group["rules"]
]
ACTIONS = {action.name: action for action in control.ACTIONS}


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
@pytest.mark.peer
def test_promtool_accepts_the_rules():
    files = [str(file) for file in library.RULES.glob("*.yml")]
    done = subprocess.run(["promtool", "check", "rules", *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_says_what_is_wrong_whose_it_is_and_what_to_do(rule):
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert {"summary", "description", "runbook"} <= rule["annotations"].keys()
    assert rule["annotations"]["runbook"] in TEXTS
    names = {component.name for component in library.components()}
    assert rule["labels"]["component"] in names | {"{{ $labels.service }}"}
    assert 'job="example"' in rule["expr"], "it would match the owner's own metrics"


@pytest.mark.parametrize("slug", TEXTS)
def test_a_runbook_is_well_formed(slug):
    head, its = steps.read(TEXTS[slug])
    assert head.keys() == {"slug", "title", "component", "tier", "area"}
    assert head["slug"] == slug
    assert head["tier"] in {"routine", "moderate", "critical"}
    assert head["component"] in SERVICES
    assert {step.kind for step in its} <= steps.KINDS
    assert its[-1].kind in {"promql", "http"}, "it ends with seeing that it helped"
    assert [step.kind for step in its].count("command") == 1
    for step in its:
        check_step(step)


def check_step(step):
    match step.kind:
        case "command":
            name, action, *arguments = yaml.safe_load(step.text)
            assert name == control.NAME
            assert arguments[0] in ACTIONS[action].on
            assert len(arguments) == 1 + bool(ACTIONS[action].more)
            assert all(isinstance(word, str) for word in arguments)
        case "http":
            request = yaml.safe_load(step.text)
            assert request["url"].startswith("http://127.0.0.1:81"), "a service's own address"
        case "promql":
            assert step.more == "check"
            assert step.expression
        case "value":
            assert step.more.isidentifier()
            assert step.text.strip().endswith(("?", ")"))


def test_the_catalogue_lists_what_a_component_needs_before_it():
    seen = set()
    for component in library.components():
        assert set(component.depends_on) <= seen
        assert component.tier in {"routine", "moderate", "critical"}
        assert {link.runbook for link in component.links} <= TEXTS.keys()
        seen.add(component.name)
    assert seen == {*SERVICES, "watchbill"}
    linked = {link.runbook for component in library.components() for link in component.links}
    assert linked == TEXTS.keys(), "every runbook is reached from a component's card"
