"""Measures what the page on reliability tells; run by `make reliability`."""
