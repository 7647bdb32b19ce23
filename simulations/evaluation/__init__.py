"""How well a recommender foresees held-out plays, by full ranking, with intervals by listener."""
