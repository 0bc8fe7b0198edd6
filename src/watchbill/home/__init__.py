"""Now: what needs the reader, where they stand, how all does. Reads everything, writes nothing."""
