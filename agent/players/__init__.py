"""The players: random, pubeval, network."""
