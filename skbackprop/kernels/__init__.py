"""Computations of a training step, in NumPy or compiled with numba, and the choice between them.

``reference`` defines each kernel in NumPy; ``compiled`` has equivalents that need numba. The rest
of the package asks for the kernels for some work, and does not depend on which ones it gets.
"""

from .choice import chosen, compile_all, kernels_for, use
from .reference import NUMPY, Vectors

__all__ = ["NUMPY", "Vectors", "chosen", "compile_all", "kernels_for", "use"]
