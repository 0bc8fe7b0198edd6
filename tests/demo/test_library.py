"""The written things hang together: rules, runbooks, procedures, components, commands."""

import shutil
import subprocess

import pytest
import yaml

from watchbill.catalog.file import read
from watchbill.demo import control, library
from watchbill.demo.place import SERVICES
from watchbill.lib.levels import Area
from watchbill.runbooks.parse import parse
from watchbill.runbooks.procedure import Command, Http
from watchbill.tours import parse as tours

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
    names = {component.slug for component in read(library.components())}
    assert rule["labels"]["component"] in names | {"{{ $labels.service }}"}
    assert 'job="example"' in rule["expr"], "it would match the owner's own metrics"


@pytest.mark.parametrize("slug", TEXTS)
def test_a_runbook_can_be_read_and_its_steps_be_done(slug):
    runbook = parse(TEXTS[slug])
    assert runbook.slug == slug
    assert runbook.component in SERVICES
    maintenance = slug in library.procedures(PORTS)
    assert runbook.area == (Area.MAINTENANCE if maintenance else Area.INCIDENT_RESPONSE).value
    kinds = [step.kind for step in runbook.steps]
    assert kinds.count("command") == 1
    assert kinds[-1] in {"promql", "http"}, "it ends with seeing that it helped"
    for step in runbook.steps:
        if isinstance(step.do, Command):
            name, action, on, *more = step.do.argv
            assert name == control.NAME
            assert on in ACTIONS[action].on
            assert len(more) == bool(ACTIONS[action].more)
        if isinstance(step.do, Http):
            assert step.do.url.startswith("http://127.0.0.1:81"), "a service's own address"


def test_the_tour_can_be_read_and_is_of_a_component_there_is():
    written = tours.parse(library.tour())
    assert written.component in SERVICES
    assert {step.kind for step in written.steps} == {"find", "fact", "choice", "text"}
    assert all('job="example"' in step.query for step in written.steps if step.query)


def test_the_catalogue_lists_what_a_component_needs_before_it():
    seen = set()
    for component in read(library.components()):
        assert set(component.said.get("depends_on", ())) <= seen
        seen.add(component.slug)
    assert seen == {*SERVICES, "watchbill"}
