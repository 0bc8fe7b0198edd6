"""`python -m watchbill` is `watchbill`."""

from watchbill.cli import main

main()
