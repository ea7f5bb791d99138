"""Thin doors from the workflows to the ports: heartbeats, and our errors in Temporal's terms."""
