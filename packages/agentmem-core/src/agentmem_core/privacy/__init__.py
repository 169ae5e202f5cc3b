"""What must not be stored: found by recognisers, taken out or refused before an operation reaches the engine."""

from agentmem_core.privacy.backend import Guarded
from agentmem_core.privacy.choosing import configured_filter
from agentmem_core.privacy.filtering import Cleaned, PrivacyFilter
from agentmem_core.privacy.model import GuardedModel

__all__ = ["Cleaned", "Guarded", "GuardedModel", "PrivacyFilter", "configured_filter"]
