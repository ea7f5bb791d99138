"""Fairlead keeps a fleet of production Kubernetes clusters upgraded, healthy and lean, under full traffic."""
