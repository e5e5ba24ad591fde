"""Draws numbers on matplotlib axes: the only room that knows matplotlib.

A drawing function takes frozen data and an ``Axes``, adds to the axes and returns what it
drew. It changes neither the data nor matplotlib's global state.
"""
