"""The ladder: what each level does in each area, and what the ledger shows of it."""
