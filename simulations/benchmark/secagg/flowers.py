"""The same round by the functions of Flower's SecAgg+, one device's and the coordinator's, without its messages.

Measured alone, since its workflow runs in the legacy API. What is wrong with it is in docs/secure-aggregation.md.
"""

import os
import time

import numpy as np
from flwr.common.secure_aggregation.crypto.shamir import combine_shares, create_shares
from flwr.common.secure_aggregation.crypto.symmetric_encryption import (
    decrypt,
    encrypt,
    generate_shared_key,
)
from flwr.common.secure_aggregation.ndarrays_arithmetic import (
    parameters_addition,
    parameters_mod,
    parameters_subtraction,
)
from flwr.common.secure_aggregation.quantization import quantize
from flwr.common.secure_aggregation.secaggplus_utils import pseudo_rand_gen, share_keys_plaintext_concat
from flwr.supercore.primitives.asymmetric import generate_key_pairs, private_key_to_bytes, public_key_to_bytes

MODULUS, CLIPPING, TARGET = 1 << 32, 8.0, 1 << 22
"""Its defaults."""


def device_cost(*, size: int, neighbours: int) -> tuple[float, int]:
    """CPU ms, and bytes both ways, of one device with as many neighbours."""
    others = [generate_key_pairs() for _ in range(neighbours)]
    vector = np.random.default_rng(0).normal(size=size)
    began = time.process_time()
    (mask_key, mask_public), (seal_key, _) = generate_key_pairs(), generate_key_pairs()
    seed, secret = os.urandom(32), private_key_to_bytes(mask_key)
    threshold = neighbours * 2 // 3 + 1
    seed_shares = create_shares(seed, threshold, neighbours + 1)
    key_shares = create_shares(secret, threshold, neighbours + 1)
    masked = quantize([vector], CLIPPING, TARGET)
    masked = parameters_addition(masked, pseudo_rand_gen(seed, MODULUS, [(size,)]))
    sent = 2 * len(public_key_to_bytes(mask_public))
    for place, (_, public) in enumerate(others):
        shared = generate_shared_key(seal_key, public)
        sealed = encrypt(shared, share_keys_plaintext_concat(0, place, seed_shares[place], key_shares[place]))
        decrypt(shared, sealed)
        mask = pseudo_rand_gen(generate_shared_key(mask_key, public), MODULUS, [(size,)])
        change = parameters_addition if place % 2 else parameters_subtraction
        masked = change(masked, mask)
        sent += 2 * len(public_key_to_bytes(public)) + 2 * len(sealed) + len(seed_shares[place])
    masked = parameters_mod(masked, MODULUS)
    return 1000 * (time.process_time() - began), sent + masked[0].nbytes


def server_seconds(devices: int, *, size: int, neighbours: int, lost: int) -> float:
    """CPU of the coordinator, from one device of each kind: shares joined, and masks made anew."""
    threshold = neighbours * 2 // 3 + 1
    secret, _ = generate_key_pairs()
    _, public = generate_key_pairs()
    seed, key = os.urandom(32), private_key_to_bytes(secret)
    seed_shares = create_shares(seed, threshold, neighbours + 1)[:threshold]
    key_shares = create_shares(key, threshold, neighbours + 1)[:threshold]
    total = [np.zeros(size, np.int64)]
    began = time.process_time()
    combine_shares(seed_shares)
    parameters_subtraction(total, pseudo_rand_gen(seed, MODULUS, [(size,)]))
    stayed = time.process_time()
    combine_shares(key_shares)
    joined = time.process_time()
    parameters_subtraction(total, pseudo_rand_gen(generate_shared_key(secret, public), MODULUS, [(size,)]))
    ended = time.process_time()
    of_lost = (joined - stayed) + neighbours * (ended - joined)
    return (devices - lost) * (stayed - began) + lost * of_lost
