"""catalogue: what the shop sells. `GET /products/SKU` reads a product, from a cache of pages.

A page is rendered with the prices of its five-second window, so old windows' pages are dead
weight. A sweeper drops the oldest every second. When the sweeper stands still, memory grows by
about 2 MB/s, as it did to everybody who ever wrote a cache.
"""

import mmap
import random
import sqlite3
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from watchbill.demo.place import Place
from watchbill.demo.services.metrics import Counter, Gauge
from watchbill.demo.services.service import Answer, Handler, Request, Service
from watchbill.lib import clock

PRODUCTS = 500
WINDOW = 5  # seconds that a price holds
KEPT = 60  # pages the sweeper leaves
MOST = 1000  # pages (200 MB) at which even a leak stops, to spare the machine it is shown on
PAGE = 200_000  # bytes, pictures included


class Catalogue(Service):
    """Reads, a cache and the sweeper that bounds it."""

    name = "catalogue"
    route = ("GET", "/products")
    codes = ("200", "404")

    def __init__(self, place: Place, version: str) -> None:
        super().__init__(place, version)
        self._shelf = Shelf(place.folder / "catalogue.sqlite3")
        self._pages: OrderedDict[tuple[str, int], Page] = OrderedDict()
        self._lock = threading.Lock()
        self._sweeping = threading.Event()
        self._sweeping.set()
        self._hits = Counter("cache_hits_total", "Reads answered from the cache.")
        self._misses = Counter("cache_misses_total", "Reads that rendered a page.")
        self._evictions = Counter("cache_evictions_total", "Pages the sweeper dropped.")
        self.metrics += [
            self._hits,
            self._misses,
            self._evictions,
            Gauge("cache_entries", "Pages in the cache.", lambda: len(self._pages)),
        ]
        threading.Thread(target=self._sweep_for_ever, name="sweeper", daemon=True).start()

    def handle(self, request: Request) -> Answer:
        key = (request.rest, int(clock.seconds()) // WINDOW)
        with self._lock:
            page = self._pages.get(key)
            if page is not None:
                self._pages.move_to_end(key)
        if page is not None:
            self._hits.inc()
            return Answer(200, page.product, {"cache": "hit"})
        product = self._shelf.find(request.rest)
        if product is None:
            return Answer(404, {"error": f"no product {request.rest}"})
        page = Page(product)
        self._misses.inc()
        with self._lock:
            self._pages[key] = page
            while len(self._pages) > MOST:
                self._pages.popitem(last=False)
        return Answer(200, page.product, {"cache": "miss"})

    def admin(self) -> dict[str, Handler]:
        return {"fault": self._stop_sweeper, "cache/flush": self._flush}

    def state(self) -> dict[str, Any]:
        return {"pages": len(self._pages), "sweeping": self._sweeping.is_set()}

    def _stop_sweeper(self, request: Request) -> Answer:
        if request.body.get("name") != "memory":
            return Answer(422, {"error": "catalogue has one fault: memory"})
        self._sweeping.clear()
        return Answer(200, {"done": "the sweeper stands still"})

    def _flush(self, request: Request) -> Answer:
        with self._lock:
            dropped = len(self._pages)
            self._pages.clear()
        self._sweeping.set()
        return Answer(200, {"done": f"{dropped} pages dropped; the sweeper runs"})

    def _sweep_for_ever(self) -> None:
        while True:
            time.sleep(1)
            self._sweeping.wait()
            with self._lock:
                for _ in range(len(self._pages) - KEPT):
                    self._pages.popitem(last=False)
                    self._evictions.inc()


class Page:
    """A rendered page. An anonymous mapping: once dropped, its memory is the system's again."""

    def __init__(self, product: dict[str, Any]) -> None:
        self.product = product
        self._rendered = mmap.mmap(-1, PAGE)
        line = f"<article>{product['name']}</article>\n".encode()
        self._rendered.write((line * (PAGE // len(line) + 1))[:PAGE])


class Shelf:
    """The products on disk, made once, the same on every machine."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False)
        with self._database:
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS product"
                " (sku TEXT PRIMARY KEY, name TEXT NOT NULL, cents INTEGER NOT NULL)"
            )
            self._database.executemany(
                "INSERT OR IGNORE INTO product VALUES (?, ?, ?)", _products()
            )

    def find(self, sku: str) -> dict[str, Any] | None:
        with self._lock:
            row = self._database.execute(
                "SELECT sku, name, cents FROM product WHERE sku = ?", (sku,)
            ).fetchone()
        return dict(zip(("sku", "name", "cents"), row, strict=True)) if row else None


def _products() -> list[tuple[str, str, int]]:
    rng = random.Random(1)  # noqa: S311 - prices, not secrets
    kinds = ("Lantern", "Kettle", "Blanket", "Compass", "Notebook", "Mug", "Rope", "Clock")
    shades = ("red", "oak", "slate", "brass", "linen", "navy", "amber")
    return [
        (f"p{i}", f"{rng.choice(kinds)}, {rng.choice(shades)}", rng.randrange(490, 9990, 50))
        for i in range(PRODUCTS)
    ]
