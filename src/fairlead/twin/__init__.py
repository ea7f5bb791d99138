"""A real fleet on one machine: real control planes, a GKE emulator, HAProxy and traffic."""
