"""The names of packages that users come from, so that only import lines change; see the manual."""
