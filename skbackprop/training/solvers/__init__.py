"""Solvers: L-BFGS over all rows, or update rules over minibatches."""
