"""Run one service: `python -m watchbill.demo.services payments --port N --data DATA`."""

import argparse
from pathlib import Path

from watchbill.demo.place import SERVICES, Place
from watchbill.demo.services.catalogue import Catalogue
from watchbill.demo.services.checkout import Checkout
from watchbill.demo.services.payments import Payments
from watchbill.demo.services.service import Service
from watchbill.lib import lifeline

_CLASSES: dict[str, type[Service]] = {it.name: it for it in (Checkout, Payments, Catalogue)}


def main() -> None:
    """Serve until told to stop, or until the process that started this one is gone."""
    parser = argparse.ArgumentParser(prog="python -m watchbill.demo.services", description=__doc__)
    parser.add_argument("service", choices=SERVICES)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="Watchbill's data folder")
    parser.add_argument("--release", default="dev", help="the version it says it is")
    parser.add_argument("--lifeline", type=int, help="pipe whose end stops the service")
    options = parser.parse_args()
    place = Place.under(options.data)
    place.create()
    lifeline.hold(options.lifeline)
    _CLASSES[options.service](place, options.release).serve(options.port)


main()
