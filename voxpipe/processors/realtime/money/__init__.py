"""What a conversation costs: prices, the bill, a budget."""

from .budget import Budget, BudgetSpent
from .price_list import PRICES, Price
from .prices import Bill

__all__ = [
    "PRICES",
    "Bill",
    "Budget",
    "BudgetSpent",
    "Price",
]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
