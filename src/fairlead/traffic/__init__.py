"""Global load balancers: `port.py` says what we need in our own words, one folder per product."""
