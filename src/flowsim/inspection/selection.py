"""Selection: one risk score against one threshold decides who is referred to secondary inspection."""

from __future__ import annotations

from scipy.special import ndtri


def threshold(referral: float) -> float:
    """Risk score above which a vehicle is referred [1].

    Honest vehicles score N(0, 1), so a share `referral` of them lies above; loaded vehicles score N(d, 1), where d
    is the power of targeting. A share of 0 gives infinity and of 1 minus infinity.

    Parameters
    ----------
    referral
        Share of honest vehicles that are referred [1].
    """
    return -float(ndtri(referral))
