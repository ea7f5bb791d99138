"""The load on a twin: an open loop at a constant rate, every failed or slow request on record."""
