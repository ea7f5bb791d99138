"""What we own and intend: the fleet file, its policies and waves."""
