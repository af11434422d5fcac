"""What a person plays on: the board in characters and the game in a terminal."""
