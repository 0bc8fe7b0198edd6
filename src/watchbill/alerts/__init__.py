"""From rules and from other monitoring systems to alerts; paging reads what changed."""
