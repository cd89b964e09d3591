"""When a loss has jumped: what the detector goes by.

The constants are those of `ranker.measure.divergence`, which says where each comes from; the
tests hold the two equal.
"""

RISE = 0.5  # of the first batch's loss, for a jump before the level is known
CHANCE = 0.02  # of AUC above 0.5; twice that is above chance
BELIEVED = 0.1  # of the loss of the best constant; what fits better so soon is not the task
TIED = 1e-6  # of AUC; nearer to 0.5 than any ranking but that of equal scores
