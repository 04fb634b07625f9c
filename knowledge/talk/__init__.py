"""Tells talk (a complaint, an outage, praise, thanks, a name) from questions, by labelled examples and the embedding model."""
