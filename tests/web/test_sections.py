"""Every page lies where a reader looks for it, and every tab leads to a page."""

import pytest
from django.test import Client

from watchbill.people.models import Person
from watchbill.web.sections import SECTIONS, Tab, section_of

PLACES = {
    "/": "now", "/asks": "now", "/incidents/7/": "incidents", "/runs/1/": "incidents",
    "/runbooks/write": "incidents", "/reviews/": "learning", "/improvements/3/": "learning",
    "/tours/walks/2/": "learning",
    "/page/": "incidents", "/monitoring/alerts/1/": "monitoring", "/ladder/duties": "ladder",
    "/maintenance/components/x/": "maintenance", "/people/ann": "ladder", "/teams/shop": "ladder",
}  # fmt: skip
TABS = [tab for section in SECTIONS for tab in section.tabs]


@pytest.mark.parametrize(("path", "key"), PLACES.items())
def test_a_page_lies_in_its_section(path: str, key: str) -> None:
    section = section_of(path)
    assert section
    assert section.key == key


@pytest.mark.parametrize("path", ["/sign-in", "/glossary", "/pages", "/do/incidents.declare"])
def test_some_pages_lie_in_none(path: str) -> None:
    assert section_of(path) is None


@pytest.mark.django_db
@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.path)
def test_a_tab_leads_to_its_page_and_is_marked_there(client: Client, sam: Person, tab: Tab) -> None:
    client.force_login(sam)
    page = client.get(tab.path)
    assert page.status_code == 200
    assert f'<a href="{tab.path}" aria-current="page">{tab.label}</a>' in page.content.decode()
