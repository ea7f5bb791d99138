"""What the world publishes: API lifecycles, skew and support rules, known issues; data with source and date."""
