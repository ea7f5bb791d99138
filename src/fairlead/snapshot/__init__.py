"""What is true now: one immutable, dated picture of a cluster, and of its traffic."""
