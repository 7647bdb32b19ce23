"""Tuning the listener's own copy of the head on the listener's own plays. The only part of a device that needs torch.

What is tuned is the gate and what reads the psychological state: how much each path weighs for this listener, in
which mood. Letters: T plays, E examples.
"""

import re

import numpy as np
import torch

from client.consent.kinds import ListeningConsent
from shared_model.head.batch import Tables
from shared_model.head.head import AttentiveFusionHead
from shared_model.head.inference import FrozenHead
from shared_model.head.parameters import ParameterLayout
from shared_model.history import History
from shared_model.release_0.collection import Collection
from shared_model.training.examples import build_examples, by_listener
from shared_model.training.local_update import LocalTraining, Model, local_updates

PERSONAL = re.compile(r"fusion\.gate\.|fusion\.state\.|fusion\.mix_state\.|attention\.\d+\.state\.")
"""Parameters of the personal copy."""
TRAINING = LocalTraining(learning_rate=0.01, batch_size=16, epochs=4)
"""One listener's plays are few, and a larger rate loses what release 0 knows: of 80 simulated listeners 0.2 lost .09 of
MRR@20, 0.05 lost .02, and 0.02 gained .0015 +- .005."""
MOST_EXAMPLES = 400
CANDIDATES = 96


def tune(
    head: FrozenHead,
    collection: Collection,
    history: History,
    *,
    consent: ListeningConsent,
    generator: np.random.Generator,
) -> FrozenHead | None:
    """A copy of `head` tuned on the latest plays of `history`, or None where none can be learned from.

    consent: to learn from these plays; generator: draws candidates, never privacy: nothing of this leaves the device.
    """
    assert consent.purpose == "listening"
    positions = np.arange(max(1, len(history) - MOST_EXAMPLES), len(history))
    if not len(positions):
        return None
    examples, counts = build_examples(
        [history],
        [positions],
        paths=collection.paths,
        counted=[np.empty(0, np.int64)],  # a device's plays are in no public statistics
        candidates=CANDIDATES,
        generator=generator,
    )
    if not counts[0]:
        return None
    model = _model(head, collection)
    start = model.vector()
    held = by_listener(examples, counts, nominal=counts[0])
    vector = start + local_updates(model, start, held, TRAINING)[0]
    tuned = {name: tensor.numpy() for name, tensor in model.layout.tensors(vector).items()}
    return FrozenHead(shape=head.shape, parameters={**head.parameters, **tuned})


def _model(head: FrozenHead, collection: Collection) -> Model:
    module = AttentiveFusionHead(head.shape)
    module.load_state_dict({name: torch.from_numpy(numbers.copy()) for name, numbers in head.parameters.items()})
    vectors = tuple(torch.from_numpy(rows.vectors.rows(np.arange(len(rows.present)))) for rows in collection.rows)
    present = tuple(torch.from_numpy(rows.present) for rows in collection.rows)
    names = tuple(name for name, _ in module.named_parameters() if PERSONAL.match(name))
    return Model(
        head=module,
        tables=Tables(history=vectors, candidates=vectors, present=present),
        layout=ParameterLayout.of(module, names),
    )
