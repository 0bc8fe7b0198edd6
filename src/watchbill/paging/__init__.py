"""From alerts to people: escalation, and the outbox that delivers."""
