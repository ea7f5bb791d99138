"""The processes a cluster of the twin consists of, as specifications for the supervisor."""
