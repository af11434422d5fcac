"""Tests of learning and of the players."""
