"""Tests of the rules of backgammon."""
