"""What members are told of the check of pictures, in English."""

from collections.abc import Mapping

ENGLISH_CHECKS: Mapping[str, str] = {
    "check_which_one": "picture {numbers}",
    "check_which_many": "pictures {numbers}",
    "check_blurred": "The image check here flagged {which}: blurred.",
    "check_blocked": "The image check here flagged {which}: not shown.",
    "check_withheld": "Pictures are checked here before they are shown, and the check cannot run just now. Withheld: "
    "{which}. **Check again** tries once more.",
    "check_still": "The check still cannot run. The pictures are kept: try again later, or tell an admin.",
    "check_source": "The image check here flagged this picture, so nothing can be made of it here.",
    "check_source_waits": "Pictures are checked here before anything is made of them, and this one is being checked. "
    "Try again in a moment.",
    "check_source_withheld": "Pictures are checked here before anything is made of them, and the check cannot run just "
    "now. Try again later, or tell an admin.",
    "button_check": "Check again",
}
