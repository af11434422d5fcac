"""What other programs play against: an agent behind a protocol of text lines."""
