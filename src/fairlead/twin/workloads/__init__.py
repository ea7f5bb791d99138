"""What runs on each cluster of a twin: a product's web tier, database, batch work, agents and system pods."""
