"""The nets that ship, each with a JSON file of how it was made and how well it plays."""
