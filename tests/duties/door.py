"""How the walks of the duties come in: by REST and by page, as somebody who is signed in."""

from typing import Any

from django.test import Client

from watchbill.people.models import Person
from watchbill.people.subject import Subject

Row = dict[str, Any]


class Somebody:
    """A person of the cast, who acts as people do: through the API and on pages."""

    def __init__(self, person: Person) -> None:
        self.person, self.name = person, person.username
        self.client = Client()
        self.client.force_login(person)

    def does(self, act: str, on: Subject | str, **given: Any) -> Row:
        """The act is done at once. The ledger row."""
        return self._posts(200, act, on, given)

    def asks(self, act: str, on: Subject | str, **given: Any) -> Row:
        """The act waits for a go-ahead, or for a second person. The ledger row of the ask."""
        row = self._posts(202, act, on, given)
        assert row["state"] == "asked", row
        return row

    def may_not(self, act: str, on: Subject | str, **given: Any) -> Row:
        """Authority refuses the act, with what to do instead."""
        row = self._posts(403, act, on, given)
        assert row["instead"], row
        return row

    def cannot(self, act: str, on: Subject | str, **given: Any) -> str:
        """The act makes no sense as given. What the answer says."""
        return str(self._posts(422, act, on, given)["error"])

    def stands(self, act: str, on: Subject | str, **given: Any) -> str:
        """How this person stands to the act: A alone, G with a go-ahead, N not yet."""
        asked = self.client.get("/api/v1/may", {"act": act, "on": _ref(on), **given})
        assert asked.status_code == 200, asked.content
        return {"alone": "A", "guided": "G", "not yet": "N"}[asked.json()["mode"]]

    def gives_go_ahead(self, asked: Row, why: str = "as previewed") -> Row:
        """Answer an ask with a go-ahead. The ledger row of the deed."""
        body = {"word": "go-ahead", "why": why}
        answer = self.client.post(
            f"/api/v1/asks/{asked['id']}/answer", body, content_type="application/json"
        )
        assert answer.status_code == 200, answer.content
        row: Row = answer.json()
        assert (row["state"], row["guide"]) == ("done", self.name)
        return row

    def sees(self, path: str, *words: str) -> str:
        """The page at `path` holds every one of `words`."""
        answer = self.client.get(path, follow=True)
        assert answer.status_code == 200, (path, answer.status_code)
        text = answer.content.decode()
        missing = [word for word in words if word not in text]
        assert not missing, (path, missing)
        return text

    def reads(self, collection: str, key: str | int) -> Row:
        """One thing of a collection of the API."""
        answer = self.client.get(f"/api/v1/{collection}/{key}")
        assert answer.status_code == 200, answer.content
        row: Row = answer.json()
        return row

    def shown(self, duty: str) -> list[Row]:
        """What this person has shown of a duty, as their evidence in the API says."""
        rows: list[Row] = self.reads("evidence", self.name)["shown"][duty]
        return rows

    def showed(self, duty: str, *, on: Subject | str, witness: "Somebody") -> None:
        """This person has shown the duty on that object, seen by that witness."""
        found = [(row["on"], row["witness"]) for row in self.shown(duty)]
        assert (_ref(on), witness.name) in found, (duty, found)

    def _posts(self, status: int, act: str, on: Subject | str, given: Row) -> Row:
        answer = self.client.post(
            f"/api/v1/acts/{act}", {"on": _ref(on), **given}, content_type="application/json"
        )
        assert answer.status_code == status, (act, answer.status_code, answer.content)
        row: Row = answer.json()
        return row


def made(row: Row) -> str:
    """The reference of what an act made."""
    return str(row["outcome"]["ref"])


def key(ref: str) -> str:
    """ "42" of "incidents.incident:42"."""
    return ref.partition(":")[2]


def _ref(on: Subject | str) -> str:
    return on if isinstance(on, str) else on.ref
