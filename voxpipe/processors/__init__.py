"""Boxes that stand in the middle of a pipeline."""
