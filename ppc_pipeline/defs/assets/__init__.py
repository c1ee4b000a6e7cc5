"""The assets, a module for each kind."""

OWNER = "team:ppc"
