"""What a recommender has to beat: counting, without any training."""
