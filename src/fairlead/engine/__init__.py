"""Temporal: the connection, the payload converter, retry shapes and the embedded dev server."""
