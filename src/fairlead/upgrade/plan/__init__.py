"""Decides the next step of an upgrade, or says why there is none; pure."""
