"""HAProxy, through its admin sockets and its master CLI."""
