"""Pydantic's validators, made strict on what a model says."""
