"""What is promised to and by other teams: who does what by when, acknowledged by them."""
