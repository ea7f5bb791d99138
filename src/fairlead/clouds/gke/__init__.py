"""Google Kubernetes Engine, through its official client."""
