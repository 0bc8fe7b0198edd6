"""Tours and watch rounds over live pages, whose answers a guide sees."""
