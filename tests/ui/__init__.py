"""Tests of what a person plays on."""
