"""The work of a step, in NumPy or compiled; and which of the two is used.

What a kernel does is said in ``reference``, where NumPy does it; ``compiled`` has twins that need
numba. The rest of the package asks for the kernels of a piece of work, and does not know which it
gets.
"""

from .choice import chosen, compile_all, kernels_for, use
from .reference import NUMPY, Vectors

__all__ = ["NUMPY", "Vectors", "chosen", "compile_all", "kernels_for", "use"]
