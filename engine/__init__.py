"""The rules of backgammon, exact and vectorised: boards, dice, plays, results, notation, IDs."""
