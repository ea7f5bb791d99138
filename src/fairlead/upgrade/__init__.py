"""Upgrades a fleet: a pure planner, durable workflows that follow it, and what people read about it."""
