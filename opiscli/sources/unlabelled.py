"""Tables without labels of their own, to which those of a file are added."""


class Unlabelled:
    """Marks a table of an NPY file or a FAISS index, which ``--labels`` is for."""
