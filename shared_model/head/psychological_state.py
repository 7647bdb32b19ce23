"""The psychological state at the moment of a play: an input on the device only.

Every feature is scaled to about [-1, 1]; NaN means unanswered. Missing answers are masked, never imputed.
"""

STATE_FEATURES = (
    "valence",  # Affective Slider (Betella and Verschure 2016), 0..1 stretched to -1..1
    "arousal",
    "k6",  # distress, 0..24 scaled to 0..1
    "who5",  # well-being, 0..100 scaled to 0..1
    "slider_age",  # log1p(hours since the sliders were set) / log1p(168)
    "questionnaire_age",  # log1p(hours since K6 or WHO-5) / log1p(24 * 60)
    "valence_variability",  # standard deviation of the last 14 valences, 0..1
    "arousal_variability",
)
"""S = 8 features, in this order everywhere."""
