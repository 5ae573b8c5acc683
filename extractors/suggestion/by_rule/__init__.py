"""Proposals by rule, without a model: the fields that samples of one form show, and what is written in them."""
