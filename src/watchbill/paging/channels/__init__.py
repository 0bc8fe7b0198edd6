"""Ways to reach a person. Each channel knows how to send and nothing of what is sent about."""
