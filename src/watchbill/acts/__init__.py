"""The one mechanism: authority is asked, the deed is done, the ledger row is kept."""
