"""What is run: components, who owns them, what they depend on, how much is at stake."""
