"""Finding out why, together: hypotheses, findings, a protocol, analyses that are judged."""
