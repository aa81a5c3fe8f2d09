"""Calls by Genesys' Audio Connector, which speaks AudioHook 2.

Source: https://developer.genesys.cloud/devapps/audiohook
"""

from .call import GenesysCall
from .genesys import Genesys

__all__ = ["Genesys", "GenesysCall"]


def __dir__() -> list[str]:
    return __all__  # not the modules behind it: completion goes by this
