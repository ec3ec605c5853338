"""The networks of the members of a table estimator."""

from .embeddings import TrainingInputs, layers_below
from .recipe import table_network
from .starts import embedding_layers


def member_networks(settings, embeddings, preprocessing, target, sample, members):
    """Return the network of each member; continued members keep their embedding layers.

    Parameters
    ----------
    settings : estimator
        Only hyper-parameters are read.

    embeddings : list of str or None
        The embedding of each network.

    preprocessing : TablePreprocessing
        Says which inputs a network sees. The first network, the third and so on see means of
        categories of many levels.

    target : Target
        The target.

    sample : Sample
        The training rows.

    members : list of Outcome
        Members that are continued.
    """
    rows, targets = sample.rows, target.as_columns(sample.y)
    inputs = TrainingInputs(rows.X, preprocessing.numeric, targets, sample.sample_weight)
    found, networks = {}, []
    for number, name in enumerate(embeddings):
        kind = name, number % 2 == 0
        if number < len(members):
            below = embedding_layers(members[number].network.network)
        elif kind in found:
            below = found[kind]
        else:
            seen = preprocessing.inputs_seen(with_means=kind[1])
            below = found[kind] = layers_below(name, inputs, seen)
        networks.append(table_network(settings, rows.n_features, target, below))
    return networks
