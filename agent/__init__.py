"""Everything that chooses a play: values, learning, players, contests."""
