"""What an attacker finds at every rate of false alarms, drawn: for all devices, and for the one that took part most."""

import numpy as np
from matplotlib.ticker import FuncFormatter, PercentFormatter
from numpy.typing import NDArray

from shared_model.privacy.coverage import VISIBLE
from shared_model.privacy.gaussian import composed_mu, gaussian_true_positives
from shared_model.privacy.loss_distribution import pld_trade_off
from shared_model.privacy.plan import Mechanism, PrivacyPlan
from shared_model.privacy.spent import Sampling
from simulations.report.svg import DASHED, DOTTED, Key, Plot, blank, colour, inline_svg, line_style, themed

RATES = np.logspace(-4, np.log10(0.999), 120)


@themed
def trade_off(plan: PrivacyPlan, *, rounds: int, participations: int) -> Plot | None:
    """None where the mechanism is off: then everything may be found. Letters: as in `PrivacyPlan`."""
    if plan.mechanism is Mechanism.OFF:
        return None
    figure, axes = blank()
    keys, spoken = [], []
    curves: list[tuple[str, str, str, NDArray[np.float64] | None]] = [
        ("all devices, cohorts unknown", "private", "", _population(plan, rounds)),
        ("busiest device, cohorts known", "ceiling", DASHED, _device(plan, participations)),
        ("guessing at random", "muted", DOTTED, RATES),
    ]
    for label, role, dash, found in curves:
        if found is None:
            continue
        axes.plot(RATES, found, color=colour(role), linestyle=line_style(dash))
        keys.append(Key(label=label, role=role, dash=dash))
        spoken.append(f"{label}: {np.interp(0.01, RATES, found):.1%}")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:.6%}".rstrip("0%").rstrip(".") + " %"))
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=" %"))
    axes.set_xlabel("false alarms")
    axes.set_ylabel("found, at most")
    axes.set_ylim(0, 1)
    alt = "Found at 1 % false alarms, at most: " + "; ".join(spoken) + "."
    return Plot(svg=inline_svg(figure, name="trade-off", alt=alt), keys=tuple(keys), alt=alt)


def _population(plan: PrivacyPlan, rounds: int) -> NDArray[np.float64] | None:
    """None where there is no PLD."""
    if plan.sampling is Sampling.FIXED_SIZE and plan.sample_rate < 1:
        return None
    counted = min(rounds, plan.releases)
    if plan.sampling in VISIBLE or plan.sample_rate == 1:
        return _gaussian(composed_mu(plan.noise_multiplier, releases=counted, relation=plan.relation))
    return pld_trade_off(
        RATES,
        sample_rate=plan.sample_rate,
        noise_multiplier=plan.noise_multiplier,
        rounds=counted,
        relation=plan.relation,
    )


def _device(plan: PrivacyPlan, participations: int) -> NDArray[np.float64]:
    return _gaussian(composed_mu(plan.noise_multiplier, releases=participations, relation=plan.device_relation))


def _gaussian(mu: float) -> NDArray[np.float64]:
    return np.array([gaussian_true_positives(float(rate), mu=mu) for rate in RATES])
