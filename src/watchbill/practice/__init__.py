"""What people learn together: reviews, improvements, designs, pairings. Others build on it."""
