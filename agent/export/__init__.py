"""Nets as files that other programs read: the board goes in, outcomes and equity come out."""
