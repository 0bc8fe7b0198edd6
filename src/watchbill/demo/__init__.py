"""The example system of `watchbill serve --demo`: a small shop of real processes to operate.

Read in this order: `services/` (the shop), `faults.py` (what breaks and what mends it),
`control.py` (the command line that does both), `load.py` (its customers), `run.py` (who keeps it
running), `history.py` (the thirty days before, the only thing here that is made up).
"""
