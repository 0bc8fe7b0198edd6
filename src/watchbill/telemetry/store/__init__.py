"""Where samples are kept: write-ahead log, columnar head, chunks in chDB, one series index."""
