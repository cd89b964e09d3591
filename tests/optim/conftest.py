"""What the optimizer's tests share."""

import pytest
from tiny_optimizer import RULES


@pytest.fixture(params=RULES.values(), ids=RULES)
def rule(request):
    """Each rule in each of its orders."""
    return request.param
