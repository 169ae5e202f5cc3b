"""Settings: one table of what there is, and who may say it."""

from agentmem_core.settings.file import FILE_NAME, NO_FILE, SettingsFile, find_file, places, user_file
from agentmem_core.settings.sources import Found, Settings, chosen, current, named_file, named_profile, require_profile
from agentmem_core.settings.table import BY_VARIABLE, SECTIONS, SETTINGS, Setting
from agentmem_core.settings.values import IN_MEMORY, shown

__all__ = [
    "BY_VARIABLE",
    "FILE_NAME",
    "IN_MEMORY",
    "NO_FILE",
    "SECTIONS",
    "SETTINGS",
    "Found",
    "Setting",
    "Settings",
    "SettingsFile",
    "chosen",
    "current",
    "find_file",
    "named_file",
    "named_profile",
    "places",
    "require_profile",
    "shown",
    "user_file",
]
