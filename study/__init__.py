"""Questions put to nets, and their answers: studies that train, measure and draw."""
