"""The Temporal worker, and the one place where adapters meet ports."""
