"""The counting recipes: plan candidate thresholds, count all pairs, choose.

One set (`within`), queries against a gallery (`gallery`), a sample of pairs (`sample`), and
stored copies in an index (`ann_index`) go the same way.
"""
