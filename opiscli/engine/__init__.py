"""Every pair of items is formed and counted here, and nowhere else.

Which pairs (`space`), at which thresholds (`bins`), counted how (`kernels`), driven by what
(`executors`): the answer is a `tally` of integers, and tallies add up.
"""
