"""The edge gateway of one cluster: answers only as well as the cluster's Ready pods can."""
