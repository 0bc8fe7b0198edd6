"""What people learn together: reviews and improvements. Other areas hang their own work on it."""
