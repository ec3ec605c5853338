"""How the objective is minimised: L-BFGS over all rows, or update rules over minibatches."""
