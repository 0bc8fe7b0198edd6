"""MA-L2-4: contribute documentation updates for the changes made."""

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.catalog.models import Component

pytestmark = pytest.mark.django_db
RUNBOOK = """---
slug: bump
title: Bump the library
area: maintenance
---

## Deploy it
```confirm
The new version answers.
```
"""


def test_ma_l2_4(
    junior: Somebody, associate: Somebody, lead: Somebody, neighbour: Somebody, shop: Component
) -> None:
    change = made(associate.does("maintenance.plan_change", shop, title="Bump it", kind="update"))
    assert associate.stands("maintenance.document", change) == "A"
    assert junior.stands("maintenance.document", change) == "G"
    associate.does("maintenance.start_change", change)
    associate.does("maintenance.complete_change", change, outcome="No errors for an hour.")
    lead.does("runbooks.publish", "people.house:1", text=RUNBOOK)
    page = f"/maintenance/changes/{key(change)}/"
    associate.sees(page, "Document")
    associate.does("maintenance.document", change, docs="updated", runbook="bump")
    assert "their own" in associate.cannot("maintenance.accept_document", change, how="read")
    neighbour.sees(page, "Bump the library, version 1", "Accept the document")
    neighbour.does("maintenance.accept_document", change, how="followed")
    associate.showed("MA-L2-4", on=change, witness=neighbour)


def test_a_junior_documents_with_a_go_ahead(
    junior: Somebody, associate: Somebody, shop: Component
) -> None:
    change = made(associate.does("maintenance.plan_change", shop, title="Bump it", kind="update"))
    asked = junior.asks(
        "maintenance.document", change, docs="updated", link="https://docs.example/bump"
    )
    associate.gives_go_ahead(asked)
    associate.does("maintenance.accept_document", change, how="read", word="Clear.")
    junior.showed("MA-L2-4", on=change, witness=associate)
