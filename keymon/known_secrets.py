"""The boundary for secrets: keys and passwords are told here, and hidden in whatever leaves keymon unasked.

Where keys and passwords are read or typed they are remembered. Logs, reports and the messages of exceptions go through
`hide_secrets`, which finds them wherever they stand, of whatever form they are, and besides what looks like a secret.
"""

from keymon.masking import mask_key, mask_patterns
from keymon.secret_values import SECRETS

remember_keys = SECRETS.remember_keys
remember_password = SECRETS.remember_password


def hide_secrets(text: str) -> str:
    """Return `text` with every secret that is known by its value, or looks like one, hidden."""
    return mask_patterns(SECRETS.hide(text, mask_key))
