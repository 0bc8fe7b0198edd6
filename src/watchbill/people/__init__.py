"""Who there is: people, teams, how to reach them, where each stands. Knows nothing of acts."""
