"""The shop: three HTTP services, each a process of its own.

python -m watchbill.demo.services checkout|payments|catalogue --port N --data DATA
"""
