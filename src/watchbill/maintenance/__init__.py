"""Changes to what runs: planned, carried out by a procedure, verified or backed out, documented."""
