"""How pairs are counted for a question: plan thresholds, count, choose.

One set (`within`), queries against a gallery (`gallery`), a sample of pairs (`sample`), and
stored copies in an index (`ann_index`) go the same way.
"""
