"""Takes pictures of clusters through the adapters."""
