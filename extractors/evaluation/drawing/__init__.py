"""Figures as people see them: in per cent, in tiles, as rows with bars, as plots; what a notebook shows. Pure."""
